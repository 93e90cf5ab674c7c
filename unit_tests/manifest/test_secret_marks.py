from source_auth0.manifest.files import stream_files
from source_auth0.manifest.secret_marks import _written_secrets, entity_marks, marks_of_anything
from source_auth0.retrievers.log_events.api_paths import parse_api_path
from source_auth0.retrievers.log_events.api_routes import ROUTES

WRITTEN = {parse_api_path(route.rstrip("+").replace("*", "X1")).entity_type for route in ROUTES}


def test_a_stream_has_the_marks_of_its_file_and_those_of_its_writes():
    marks = entity_marks("log_streams")
    assert ("sink", "sumoSourceAddress") in marks.secrets
    assert "sink" in marks.schema["properties"]
    assert (("code",), ("options", "app_secret")) == (
        entity_marks("actions").source_code[0],
        entity_marks("connections").written[1],
    )


def test_what_no_stream_reads_has_the_secrets_of_its_writes():
    marks = entity_marks("rules_configs")
    assert ((), (), (("value",),), {}) == (marks.secrets, marks.source_code, marks.written, marks.schema)
    assert entity_marks("novelties") == entity_marks("")


def test_any_object_is_searched_for_paths_and_not_for_names():
    marks = marks_of_anything()
    assert ("sink", "sumoSourceAddress") in marks.secrets
    assert ("setup", "value") in marks.written
    assert ("options", "customScripts") in marks.source_code
    assert all(len(path) > 1 for path in (*marks.secrets, *marks.source_code, *marks.written))


def test_the_types_of_written_secrets_are_those_of_writes():
    assert set() == set(_written_secrets()) - WRITTEN


def test_a_public_key_is_no_secret_although_it_is_only_written():
    assert "pem" in entity_marks("client_credentials").schema["properties"]
    assert "client_credentials" in stream_files()
