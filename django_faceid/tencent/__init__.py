"""The client's side of the wire: Tencent Cloud FaceID in Tencent's own words, without Django."""
