"""eKYC onboarding for Django on Tencent Cloud FaceID."""

__version__ = "0.1.0"
