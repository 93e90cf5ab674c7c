from source_auth0.commands.estimate.estimates import StreamEstimate
from source_auth0.commands.estimate.parents import ParentSample
from source_auth0.costs.partitions import FixedNames, ParentRows
from source_auth0.costs.spans import Span, exactly

CONNECTIONS = tuple(({"id": f"con_{n}", "strategy": "samlp" if n % 4 == 0 else "auth0"}, {}) for n in range(40))
PARENT = ParentRows("connections", "id", "connection_id", where={"strategy": ["samlp"]})


def sample(*factors: FixedNames | ParentRows, rows: Span | None = None, **config: object) -> ParentSample:
    parent = StreamEstimate("connections", rows or exactly(40), seen=CONNECTIONS, needs=frozenset({"clients"}))
    return ParentSample(list(factors), lambda _: parent, config)


def test_parents_that_can_have_no_such_list_are_left_out():
    found = sample(PARENT)
    assert exactly(10) == found.lists
    assert {"con_0", "con_4"} <= {ids["connection_id"] for ids, _ in found.some(20)}
    assert {"connections", "clients"} == found.names


def test_of_parents_of_whom_some_were_seen_the_share_is_estimated():
    found = sample(PARENT, rows=exactly(400))
    assert 100 in found.lists
    assert found.lists.high < 160


def test_the_first_parent_is_always_among_those_asked():
    everyone = ParentRows("connections", "id", "connection_id")
    ids = [ids["connection_id"] for ids, _ in sample(everyone).some(5)]
    assert "con_0" == ids[0]
    assert 5 == len(set(ids))


def test_names_and_parents_are_combined():
    found = sample(PARENT, FixedNames("type", ("a", "b"), is_parameter=True))
    assert exactly(20) == found.lists
    assert ({"connection_id": "con_0"}, {"type": "a"}) == found.some(20)[0]
    assert 20 == len(found.some(50))


def test_names_in_the_path_are_ids():
    assert ({"template": "welcome"}, {}) == sample(FixedNames("template", ("welcome",))).some(1)[0]


def test_elements_of_a_parents_list_are_what_is_read_for():
    tenant = StreamEstimate("tenant_settings", exactly(1), seen=(({"enabled_locales": ["en", "de"]}, {}),))
    locale = ParentRows("tenant_settings", "tenant_domain", "language", elements_of="enabled_locales")
    found = ParentSample([locale], lambda _: tenant, {})
    assert exactly(2) == found.lists
    assert [({"language": "en"}, {}), ({"language": "de"}, {})] == found.some(5)


def test_roles_of_organizations_count_where_the_config_wants_them():
    seen = tuple(({"id": f"rol_{n}", "owner_id": "org_1" if n else None}, {}) for n in range(5))
    roles, role = StreamEstimate("roles", exactly(5), seen=seen), ParentRows("roles", "id", "role_id", of_roles=True)
    assert exactly(1) == ParentSample([role], lambda _: roles, {}).lists
    assert exactly(5) == ParentSample([role], lambda _: roles, {"organization_roles": True}).lists


def test_keys_of_a_parents_own_parents_come_along_under_their_new_names():
    members = StreamEstimate("organization_members", exactly(1), seen=(({"user_id": "u"}, {"org_id": "org_1"}),))
    member = ParentRows("organization_members", "user_id", "user_id", renamed={"org_id": "organization_id"})
    found = ParentSample([member], lambda _: members, {})
    assert [({"organization_id": "org_1", "user_id": "u"}, {})] == found.some(3)
