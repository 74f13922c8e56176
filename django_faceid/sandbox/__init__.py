"""A stateful stand-in for Tencent's FaceID endpoint: the server's side of the wire.

It judges requests by Tencent's published rules and shares no rule with the client, so that a
mistake on one side is seen by the other.
"""
