from source_auth0.costs.partitions import FixedNames, ParentRows, parents_of, partitions_of
from source_auth0.manifest.assembly import load_stream


def test_a_list_of_the_tenant_is_read_for_nothing():
    assert [] == partitions_of(load_stream("clients"))
    assert [] == parents_of(load_stream("clients"))


def test_the_parent_is_named_with_its_key_and_what_it_has_to_be_like():
    (role,) = partitions_of(load_stream("role_users"))
    assert ParentRows("roles", "id", "role_id", of_roles=True) == role
    (connection,) = partitions_of(load_stream("connection_status"))
    assert isinstance(connection, ParentRows)
    assert {"strategy": ["ad", "auth0-adldap"]} == connection.where
    (member,) = partitions_of(load_stream("organization_member_effective_roles"))
    assert isinstance(member, ParentRows)
    assert {"org_id": "organization_id"} == member.renamed


def test_fixed_names_are_parts_of_the_path_or_parameters():
    (template,) = partitions_of(load_stream("email_templates"))
    (kind,) = partitions_of(load_stream("device_credentials"))
    assert isinstance(template, FixedNames)
    assert isinstance(kind, FixedNames)
    assert [(14, False), (3, True)] == [(len(each.names), each.is_parameter) for each in (template, kind)]


def test_several_factors_stand_in_the_order_of_the_path():
    prompt, language = partitions_of(load_stream("prompt_custom_texts"))
    assert isinstance(language, ParentRows)
    assert ("prompt", "enabled_locales") == (prompt.column, language.elements_of)
    assert ["of 37 kinds", "of the tenant's `enabled_locales`"] == parents_of(load_stream("prompt_custom_texts"))
