"""Which fields are secrets by their name and their value: in objects of unknown keys, and in parameters of URLs."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

#: Names of secrets inside free-form objects, in lower case without `_` and `-` (`apiKey` equals `api_key`).
SECRET_NAMES = re.compile(
    r"secret|passw(or)?d|passphrase|passcode|token|credential|authorization|assertion|bearer|connectionstring|customheaders"
    r"|^(key|skey|ikey|pfx|jwk|pem|pwd)$|(?<!by)pass$|pwd$|signature$"
    r"|(private|primary|secondary|signing|encryption|decryption|api|access|write|master|shared|sas|hmac|integration"
    r"|subscription|account|license|datadog)key"
)
#: Identifiers that are secrets although most are not: Twilio's account.
SECRET_IDS = re.compile(r"(^|twilio)sid$")
#: Names that `SECRET_NAMES` matches although their value is only about a secret: its id, kind, algorithm, lifetime.
HARMLESS_NAMES = re.compile(
    r"(url|uri|endpoint|lifetime|types?|algs?|algorithms?|policy|methods?|supported|enabled|required|strength|history|format"
    r"|nopersonalinfo|dictionary|options|settings|expiresin|inseconds|keyname|iss|sub|id|jti|kid|amr|broker|tenant|counter"
    r"|thumbprint|thumbprintsha256|encoding|accessedsecrets|(created|updated|expires)at)$|^(triggeredby|disable)"
)
#: Names of settings and handles inside an object that is named like a secret.
NAMES_ABOUT_SECRETS = re.compile(
    r"^(access|active|mode|name|username|headerkey|scopes?|audience|digest|position|algorithm|enabled?|profile|status)$"
)
#: Names of secrets that may hold an object of settings, whose fields are redacted by name instead.
SETTINGS_NAMES = frozenset(["password"])
#: Source code of custom databases and its hashes: names inside are functions.
SOURCE_CODE_NAMES = frozenset(["customscripts", "customscriptssha256", "scripts", "scriptssha256"])
#: Parameters of protocols and links that are secrets as texts wherever a request or a response is logged.
PROTOCOL_SECRETS = frozenset(
    """
    accesstoken refreshtoken idtoken idtokenhint subjecttoken actortoken assertion clientassertion clientsecret request
    logouttoken password newpassword confirmnewpassword oldpassword codeverifier otp oobcode bindingcode devicecode
    usercode recoverycode mfatoken barcodeuri totpsecret samlresponse wresult ticket ticketid ticketurl invitation
    invitationurl verificationurl reseturl link csrf cookie setcookie sumosourceaddress httpauthorization datadogapikey
    splunktoken segmentwritekey mixpanelserviceaccountpassword serverkey servercredentials p12 skey ikey cnameapikey
    linkwith headervalue
    """.split()  # noqa: SIM905 - a hundred quotation marks less
)
#: Values that tell nothing: a date, and what Auth0 has masked already.
HARMLESS_TEXT = re.compile(r"\*+|\d{4}-\d\d-\d\d([T ][\d:.]+(Z|[+-]\d\d:?\d\d)?)?")
#: Keys of the name and the value in lists of pairs, such as HTTP headers.
PAIR_NAME_KEYS, PAIR_VALUE_KEY = ("header", "name", "key"), "value"


#: Distinct names that are remembered: a log has the same few hundred in every event.
REMEMBERED_NAMES = 4096


@lru_cache(REMEMBERED_NAMES)
def is_secret_name(name: str) -> bool:
    """Whether a key of a free-form object is the name of a secret."""
    normalized = normalize_name(name)
    if SECRET_IDS.search(normalized):
        return True
    return bool(SECRET_NAMES.search(normalized)) and not HARMLESS_NAMES.search(normalized)


def is_secret_field(name: str, value: Any, *, inside: bool = False) -> bool:
    """Whether a field is a secret: a text, or a list with one; `inside` an object that is named like a secret.

    Numbers, flags, dates and objects are none: an object of that name is about a secret, and its fields decide.
    """
    if not has_secret_text(value):
        return False
    return is_secret_name(name) or (inside and not _is_about_secret(normalize_name(name)))


@lru_cache(REMEMBERED_NAMES)
def is_protocol_name(name: str) -> bool:
    """Whether a name is that of a secret in protocols and links."""
    return normalize_name(name) in PROTOCOL_SECRETS


def is_protocol_secret(name: str, value: Any) -> bool:
    """Whether a field of a logged request or response is a secret, whatever the request was."""
    return is_protocol_name(name) and has_secret_text(value)


def has_secret_text(value: Any) -> bool:
    """Whether a value is a text that may be a secret, or a list with one."""
    pending = [value]  # no recursion: values may be nested deeper than calls
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending += value
        elif isinstance(value, str) and not HARMLESS_TEXT.fullmatch(value):
            return True
    return False


@lru_cache(REMEMBERED_NAMES)
def normalize_name(name: str) -> str:
    """A name in lower case without `_` and `-`."""
    return name.lower().replace("_", "").replace("-", "")


def is_secret_pair(value: Mapping[str, Any]) -> bool | None:
    """Whether a name-value pair, such as an HTTP header, has the name of a secret; None where it is no such pair."""
    names = [value[key] for key in PAIR_NAME_KEYS if isinstance(value.get(key), str)]
    if PAIR_VALUE_KEY not in value or not names:
        return None
    return any(map(is_secret_name, names))


def _is_about_secret(normalized: str) -> bool:
    return bool(HARMLESS_NAMES.search(normalized) or NAMES_ABOUT_SECRETS.search(normalized))
