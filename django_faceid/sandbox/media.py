"""The picture and the recordings that a finished process leaves behind."""

from __future__ import annotations

import base64
import struct

# A drawn face that belongs to nobody: a grey JPEG of 120 by 160 pixels.
BEST_FRAME = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKra"
    "rYqMyP/L2u71////m8H////6/+b9//j/wAALCACgAHgBAREA/8QAGQABAAMBAQAAAAAAAAAAAAAAAAECAwQF/8QA"
    "KxABAAIBAQcBCQEBAAAAAAAAAAECAxEEEiExQVFhFBMiMkJSU3GBoTOR/9oACAEBAAA/APTAAAAAAAAAAAAAAAAF"
    "bXivPn2ZWyWnrpCqYvaOUtqXi3ieywAAItaKxrLnmZmdZAG9Lb0eY5rAADHLbW2nSFABNLbttejoAARad2sy5wAG"
    "+OdaR44LAApln3P2xc+1Zb4qRudevZXZM18lrVvx046upz7VlvipG5169ldkzXyWtW/HTjq6muGeEw0ABlm+VmiY"
    "i0aTETHaSta1jSsREeIRaZi9Y6TqmYi0aTETHaSta1jSsREeISvh+Ofw2ABlm+VmClv9KftcF8Pxz+GwAKZo939s"
    "QRNYm0T2SDTDHOWoAIvG9WYc4ADfHGlI88VgAGGSu7bxKrD2N/vWPY3+9Y9jf71m1Y0rETOukc1q13rRDoAAFb13"
    "o8sABtjpuxrPOVwAAVvji3HlLG1ZrzhBETPKNW1McV4zxlcAACZiI1mYiPLK20Y66+9rPhS211+Wsz+eCnqa/aj/"
    "AKtXa69aTEeJaV2nHbrMfmGkWi0a1mJjwkACZ0jWeTmy7VpM1x6T5c9r2vOtrTKoAmLTWdazMT4dGPap1iMnGO7q"
    "iYmNYmJjwDh9Rl+r+Qeoy/V/IVvmyXrpa2sKAAAvTLfHExW2kSt6jL9X8g9Rl+r+QyAAAAAAAAAB/9k="
)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _recording(note: bytes) -> str:
    """The boxes by which a file is known as MP4, around a note instead of pictures."""
    brands = b"isom" + struct.pack(">I", 512) + b"isomiso2mp41"
    return base64.b64encode(_box(b"ftyp", brands) + _box(b"mdat", note)).decode("ascii")


VIDEO = _recording(b"sandbox: a recording with light reflections")
ACTION_VIDEO = _recording(b"sandbox: a recording of the actions")
