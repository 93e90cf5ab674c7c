"""The documented routes of the Management API, and how a path is matched against them."""

from collections.abc import Iterator, Sequence
from typing import Any

#: The routes that write, and the lists among them that are only read; `*` stands for an id, and `roles+` for `roles`
#: and `roles/*`. The last two are the dashboard's own.
#: https://auth0.com/docs/api/management/v2
ROUTES = """
    actions/actions+ actions/actions/*/deploy actions/actions/*/test actions/actions/*/versions+
    actions/actions/*/versions/*/deploy actions/modules+ actions/modules/*/rollback actions/modules/*/versions+
    actions/triggers/*/bindings agents+ anomaly/blocks/ips/* attack-protection/bot-detection
    attack-protection/breached-password-detection attack-protection/brute-force-protection attack-protection/captcha
    attack-protection/captcha/policies+ attack-protection/phone-provider-protection
    attack-protection/suspicious-ip-throttling blacklists/tokens branding branding/phone/providers+
    branding/phone/providers/*/try branding/phone/templates+ branding/phone/templates/*/reset
    branding/phone/templates/*/try branding/templates/universal-login branding/themes+ client-grants+ client-profiles+
    clients+ clients/*/credentials+ clients/*/rotate-secret clients/cimd/preview clients/cimd/register
    connection-profiles+ connections+ connections/*/clients connections/*/directory-provisioning
    connections/*/directory-provisioning/synchronizations connections/*/directory-provisioning/synchronized-groups
    connections/*/keys connections/*/keys/rotate connections/*/scim-configuration
    connections/*/scim-configuration/tokens+ connections/*/status connections/*/users custom-domains+
    custom-domains/*/test custom-domains/*/verify custom-domains/default device-credentials+ email-templates+
    emails/provider event-streams+ event-streams/*/redeliver+ event-streams/*/test experimentation/experiments+
    experimentation/experiments/*/advance-ramp experimentation/experiments/*/status
    experimentation/experiments/*/validate experimentation/feature-flags+ experimentation/feature-flags/*/status
    experimentation/feature-flags/*/variations+ experimentation/segments+ flows+ flows/*/executions+
    flows/vault/connections+ forms+ grants+ groups+ groups/*/members groups/*/roles guardian/enrollments/*
    guardian/enrollments/ticket guardian/factors+ guardian/factors/duo/settings guardian/factors/email/settings
    guardian/factors/phone/message-types guardian/factors/phone/providers/twilio
    guardian/factors/phone/selected-provider guardian/factors/phone/settings guardian/factors/phone/templates
    guardian/factors/push-notification/providers/apns guardian/factors/push-notification/providers/fcm
    guardian/factors/push-notification/providers/fcmv1 guardian/factors/push-notification/providers/sns
    guardian/factors/push-notification/selected-provider guardian/factors/sms/providers/twilio
    guardian/factors/sms/selected-provider guardian/factors/sms/templates guardian/policies guardian/settings hooks+
    hooks/*/secrets jobs/users-exports jobs/users-imports jobs/verification-email keys/custom-signing keys/encryption+
    keys/encryption/*/wrapping-key keys/encryption/rekey keys/network-acls+ keys/signing+ keys/signing/*/revoke
    keys/signing/rotate log-streams+ network-acls+ organizations+ organizations/*/client-grants+
    organizations/*/clients+ organizations/*/connections+ organizations/*/discovery-domains+
    organizations/*/enabled_connections+ organizations/*/groups/*/roles organizations/*/invitations+
    organizations/*/members organizations/*/members/*/roles prompts prompts/*/custom-text/* prompts/*/partials
    prompts/*/screen/*/rendering prompts/rendering rate-limit-policies+ refresh-tokens/* refresh-tokens/revoke
    resource-servers+ risk-assessments/settings risk-assessments/settings/new-device roles+ roles/*/groups
    roles/*/permissions roles/*/users rules+ rules-configs+ self-service-profiles+
    self-service-profiles/*/custom-text/*/* self-service-profiles/*/sso-ticket
    self-service-profiles/*/sso-ticket/*/revoke sessions/* sessions/*/revoke supplemental-signals tenants/settings
    tickets/email-verification tickets/password-change token-exchange-profiles+ user-attribute-profiles+ user-blocks+
    users+ users/*/authentication-methods+ users/*/authenticators users/*/federated-connections-tokensets+
    users/*/identities users/*/identities/*/* users/*/multifactor/*
    users/*/multifactor/actions/invalidate-remember-browser users/*/permissions users/*/recovery-code-regeneration
    users/*/refresh-tokens users/*/revoke-access users/*/risk-assessments/clear users/*/roles users/*/sessions
    verifiable-credentials/verification/templates+
    integrations/installed risk-assessment/config
    """.split()  # noqa: SIM905 - two hundred quotation marks less
#: The key of a node at which a route ends. No segment of a path is empty.
END = ""
Node = dict[str, Any]


def match_route(segments: Sequence[str]) -> list[str] | None:
    """The segments of the documented route of a path, with `*` for each id; None where none is documented."""
    return next(_matches(segments, _TREE), None)


def guess_route(segments: Sequence[str]) -> list[str]:
    """The same for an undocumented path: as far as routes go, then words and ids in turn."""
    node: Node | None = _TREE
    words: list[str] = []
    for segment in segments:
        is_id = bool(words) and words[-1] != "*"
        if node and set(node) - {END}:
            is_id = "*" in node and (segment == "*" or segment not in node)
        word = "*" if is_id else segment.replace("*", "_")
        words.append(word)
        node = node.get(word) if node else None
    return words


def _matches(segments: Sequence[str], node: Node) -> Iterator[list[str]]:
    """The routes below a node that match, a word before an id: `custom-domains/default` is no domain's id."""
    if not segments:
        yield from [[]] if END in node else []
        return
    segment, *rest = segments
    for word in dict.fromkeys((segment, "*")):
        if word in node:
            yield from ([word, *below] for below in _matches(rest, node[word]))


def _tree(routes: Sequence[str]) -> Node:
    tree: Node = {}
    for route in (r for name in routes for r in ([name[:-1], f"{name[:-1]}/*"] if name.endswith("+") else [name])):
        node = tree
        for word in route.split("/"):
            node = node.setdefault(word, {})
        node[END] = {}
    return tree


_TREE = _tree(ROUTES)
