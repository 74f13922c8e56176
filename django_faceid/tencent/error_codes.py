"""Tencent's error codes: what each means, whose matter it is, and whether to send again.

Codes are grouped by the answer to "what now?"; within a group only the meaning differs.
Source: https://www.tencentcloud.com/document/product/1061/54556 (section 6) and the common table
it refers to; the retry judgement is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from .sibling_errors import CAPTURES, DOCUMENTS, SCREENING


class Retry(str, Enum):
    """When the same request may be sent again."""

    NO = "no"
    ONCE = "once"
    YES = "yes"
    LATER = "later"  # minutes, not seconds
    AFTER_FIX = "after_fix"  # clock or credentials first, then a new signature


class ErrorCategory(str, Enum):
    """Whose matter an error is."""

    RATE = "rate"
    SIGNATURE = "signature"
    CREDENTIALS = "credentials"
    ACCOUNT = "account"
    INPUT = "input"
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    PROVIDER = "provider"


class ErrorCode(NamedTuple):
    """One code of `Response.Error.Code` with its judgement."""

    code: str
    meaning: str
    category: ErrorCategory
    retry: Retry
    advice: str


class _Group(NamedTuple):
    category: ErrorCategory
    retry: Retry
    advice: str
    meanings: Mapping[str, str]


_GROUPS = (
    _Group(
        ErrorCategory.RATE,
        Retry.YES,
        "Wait a second or more and send again, paced below the limit.",
        {
            "FailedOperation.RequestLimitExceeded": "Too many requests in this second.",
            "RequestLimitExceeded": "Too many requests in this second.",
            "RequestLimitExceeded.GlobalRegionUinLimitExceeded": "Too many for account and region.",
            "RequestLimitExceeded.IPLimitExceeded": "Too many requests from this address.",
            "RequestLimitExceeded.UinLimitExceeded": "Too many requests of this account.",
        },
    ),
    _Group(
        ErrorCategory.SIGNATURE,
        Retry.AFTER_FIX,
        "Correct the clock by the answer's Date and sign again; never replay the old signature.",
        {"AuthFailure.SignatureExpire": "The time stamp is more than five minutes off."},
    ),
    _Group(
        ErrorCategory.CREDENTIALS,
        Retry.AFTER_FIX,
        "Fetch fresh temporary credentials and sign again.",
        {"AuthFailure.TokenFailure": "The session token is wrong or expired."},
    ),
    _Group(
        ErrorCategory.CREDENTIALS,
        Retry.NO,
        "Check the key pair of this account and its permissions in the Tencent Cloud console.",
        {
            "AuthFailure.InvalidAuthorization": "The Authorization header is malformed.",
            "AuthFailure.InvalidSecretId": "The SecretId is not an API key.",
            "AuthFailure.MFAFailure": "Multi-factor authentication failed.",
            "AuthFailure.SecretIdNotFound": "The key is deleted, disabled or mistyped.",
            "AuthFailure.SignatureFailure": "The signature does not match the request.",
            "AuthFailure.UnauthorizedOperation": "The key has no permission for this action.",
            "FailedOperation.StsUnAuthErrError": "The temporary credentials are not authorised.",
        },
    ),
    _Group(
        ErrorCategory.ACCOUNT,
        Retry.LATER,
        "Wait some minutes until the service has been activated.",
        {"UnauthorizedOperation.Activating": "The service is being activated."},
    ),
    _Group(
        ErrorCategory.ACCOUNT,
        Retry.NO,
        "Look at the account in the Tencent Cloud console: billing, activation, quota, IP policy.",
        {
            "IpInBlacklist": "Our address is on a deny list.",
            "IpNotInWhitelist": "Our address is not on the allow list.",
            "LimitExceeded": "A quota of the account is used up.",
            "OperationDenied": "The operation is denied.",
            "ResourceUnavailable": "The service is unavailable to the account, often for arrears.",
            "UnauthorizedOperation": "The account may not do this.",
            "UnauthorizedOperation.ActivateError": "Activating the service failed.",
            "UnauthorizedOperation.Arrears": "The account is in arrears.",
            "UnauthorizedOperation.ChargeStatusException": "The account's billing status is wrong.",
            "UnauthorizedOperation.NonAuthorize": "The account is not authorised.",
            "UnauthorizedOperation.Nonactivated": "The service is not activated.",
        },
    ),
    _Group(
        ErrorCategory.ACCOUNT,
        Retry.NO,
        "Check endpoint and region of this account, then look for a newer release of this package.",
        {
            "ActionOffline": "The action has been withdrawn.",
            "DryRunOperation": "Only a dry run was asked for.",
            "InvalidAction": "The endpoint does not know this action.",
            "NoSuchProduct": "The endpoint does not know this product.",
            "NoSuchVersion": "The endpoint does not know this version.",
            "UnsupportedOperation": "The operation is not supported.",
            "UnsupportedProtocol": "The protocol is not supported.",
            "UnsupportedRegion": "The region does not offer this service.",
        },
    ),
    _Group(
        ErrorCategory.TOKEN,
        Retry.NO,
        "Give up on this SdkToken; issue a new one when the person still wants to verify.",
        {
            "FailedOperation.InvalidTokenParameter": "The token was not found.",
            "InvalidParameterValue.BizTokenExpired": "The token's results are no longer kept.",
            "InvalidParameterValue.BizTokenIllegal": "The token is not one of this account.",
        },
    ),
    _Group(
        ErrorCategory.INPUT,
        Retry.NO,
        "Correct the request's parameters.",
        {
            "InvalidParameter": "A parameter, or a combination of parameters, is wrong.",
            "InvalidParameterValue": "A parameter has a value that is not allowed.",
            "InvalidRequest": "The request is malformed.",
            "MissingParameter": "A parameter is missing.",
            "RequestSizeLimitExceeded": "The request is too large.",
            "UnknownParameter": "A parameter is unknown.",
        },
    ),
    _Group(
        ErrorCategory.INPUT,
        Retry.NO,
        "Pass another picture: sharp, one whole uncovered face, JPEG or PNG, below the size limit.",
        {
            "FailedOperation.CoveredFace": "The face is covered.",
            "FailedOperation.EmptyImageError": "The picture is empty.",
            "FailedOperation.ImageBlur": "The picture is blurred.",
            "FailedOperation.ImageDecodeFailed": "The picture cannot be decoded.",
            "FailedOperation.ImageNoIdCard": "The picture shows no identity card.",
            "FailedOperation.ImageSizeTooLarge": "The picture is too large.",
            "FailedOperation.IncompleteFace": "The face is not whole.",
            "FailedOperation.LifePhotoDetectFaces": "The picture shows several faces.",
            "FailedOperation.LifePhotoDetectFake": "The picture is suspected to be a fake.",
            "FailedOperation.LifePhotoDetectNoFaces": "The picture shows no face.",
            "FailedOperation.LifePhotoPoorQuality": "The picture is of poor quality.",
            "FailedOperation.LifePhotoSizeError": "The picture is too large or too small.",
            "FailedOperation.PoorImageQuality": "The picture is of poor quality.",
            "InternalError.LifePhotoPoorQuality": "The picture is of poor quality.",
            "InternalError.LifePhotoSizeError": "The picture is too large or too small.",
        },
    ),
    _Group(
        ErrorCategory.INPUT,
        Retry.NO,
        "An outcome, not an outage: let the person try again with a new capture.",
        CAPTURES,
    ),
    _Group(
        ErrorCategory.INPUT,
        Retry.NO,
        "Belongs to identity documents, not to selfie verification: check the person's data.",
        DOCUMENTS,
    ),
    _Group(
        ErrorCategory.INPUT,
        Retry.NO,
        "Belongs to screening, rules and webhooks, not to selfie verification: check the set-up.",
        SCREENING,
    ),
    _Group(
        ErrorCategory.PROVIDER,
        Retry.YES,
        "Send again after a short, growing pause.",
        {
            "InternalError": "Tencent failed internally; nothing was made.",
            "ServiceUnavailable": "The service is down for the moment.",
        },
    ),
    _Group(
        ErrorCategory.PROVIDER,
        Retry.ONCE,
        "Send again once; when it persists, give Tencent's support the RequestId.",
        {
            "FailedOperation.AMLDBError": "The screening data base failed.",
            "FailedOperation.AMLInternalError": "The screening service failed.",
            "FailedOperation.CompareLibServiceUnavailable": "The comparison service is down.",
            "FailedOperation.CompareSystemError": "The comparison engine failed.",
            "FailedOperation.DetectEngineSystemError": "The detection engine failed.",
            "FailedOperation.DownLoadError": "A download failed at Tencent.",
            "FailedOperation.DownLoadTimeoutError": "A download timed out at Tencent.",
            "FailedOperation.EncryptSystemError": "Encryption failed at Tencent.",
            "FailedOperation.FileSaveError": "A file could not be saved at Tencent.",
            "FailedOperation.LipNetFailed": "The network failed at Tencent.",
            "FailedOperation.LivessSystemError": "The liveness engine failed.",
            "FailedOperation.UnKnown": "Tencent failed for an unknown reason.",
            "InternalError.EncryptSystemError": "Encryption failed at Tencent.",
            "InternalError.UnKnown": "Tencent failed for an unknown reason.",
            "ResourceInUse": "A resource is in use.",
            "ResourceInsufficient": "Resources are short.",
        },
    ),
    _Group(
        ErrorCategory.PROVIDER,
        Retry.NO,
        "Give Tencent's support the RequestId.",
        {
            "FailedOperation": "The operation failed.",
            "ResourceNotFound": "A resource was not found.",
            "ResponseSizeLimitExceeded": "The answer would be too large.",
        },
    ),
)

ERROR_CODES: Mapping[str, ErrorCode] = {
    code: ErrorCode(code, meaning, group.category, group.retry, group.advice)
    for group in _GROUPS
    for code, meaning in group.meanings.items()
}

_AUTH_FAILURE = ErrorCode(
    "AuthFailure",
    "The credentials were not accepted.",
    ErrorCategory.CREDENTIALS,
    Retry.NO,
    ERROR_CODES["AuthFailure.InvalidSecretId"].advice,
)
_FAMILIES: Mapping[str, ErrorCode] = {**ERROR_CODES, "AuthFailure": _AUTH_FAILURE}


def error_code(code: str) -> ErrorCode:
    """The judgement of any code: its own, else that of its longest dotted prefix, else cautious.

    An unknown sub-code of a provider's trouble is not repeated: `InternalError.*` has been used
    for outcomes (`InternalError.CompareLowSimilarity`).
    """
    family = code
    while family and family not in _FAMILIES:
        family = family.rpartition(".")[0]
    known = _FAMILIES.get(family)
    if known is None:
        advice = "Give Tencent's support the RequestId."
        return ErrorCode(code, "An unknown error.", ErrorCategory.PROVIDER, Retry.NO, advice)
    if known.code != code and known.category is ErrorCategory.PROVIDER:
        return known._replace(code=code, retry=Retry.NO)
    return known._replace(code=code)
