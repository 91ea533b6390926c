"""Promises about what is made from the table of keys: the schema, the reference, the shipped files."""

from __future__ import annotations

import jsonschema
import pytest
import yaml

from tests.unit.settings_examples import BAD, CAMERA, HEAD, Bad
from vmstui.configured import Encoder, OutputSettings, Profile, VideoCodec
from vmstui.resources import config_folder
from vmstui.settings.loader import shipped_profiles
from vmstui.settings.reference import DOCUMENT, MARKER, reference
from vmstui.settings.schema import SCHEMA_FILE, schema, schema_text

VALIDATOR = jsonschema.Draft202012Validator(schema())


def test_the_schema_file_is_up_to_date() -> None:
    """Else run `python -m vmstui.settings.schema`."""
    assert (config_folder() / SCHEMA_FILE).read_text(encoding="utf-8") == schema_text()


def test_the_reference_is_up_to_date() -> None:
    """Else run `python -m vmstui.settings.reference`."""
    document = config_folder().parent / "docs" / DOCUMENT
    assert document.read_text(encoding="utf-8").partition(MARKER)[2] == "\n" + reference()


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_the_schema_accepts_the_example_and_the_shipped_profiles() -> None:
    example = yaml.safe_load((config_folder() / "vmstui.example.yaml").read_text(encoding="utf-8"))
    profiles = yaml.safe_load((config_folder() / "profiles.yaml").read_text(encoding="utf-8"))
    VALIDATOR.validate(example)
    VALIDATOR.validate({"recordings": "/x", **profiles})


@pytest.mark.parametrize(
    "text",
    [
        HEAD,
        HEAD + CAMERA + "    password: {env: A}\n",
        HEAD + CAMERA + "    password: {file: secrets/a}\n    name: 42\n",
        HEAD + "segment:\nprofiles:\ncameras:\n",
        HEAD + "segment: {length: 90}\nretention: {days: 0.5, min_free: 20G}\nffmpeg: /opt/ffmpeg\n",
        HEAD + CAMERA + "    retention: {days: 30, max_size: 1.5T}\nretention: {max_size: 800G}\n",
        HEAD + "live: {server: 'rtsp://127.0.0.1:8554/x', listen: '[::]:8554'}\n",
    ],
)
def test_the_schema_accepts_what_the_loader_accepts(text: str) -> None:
    VALIDATOR.validate(yaml.safe_load(text))


@pytest.mark.parametrize("bad", [bad for bad in BAD if bad.schema_sees_it], ids=lambda bad: bad.name)
def test_the_schema_refuses_what_the_loader_refuses(bad: Bad) -> None:
    assert not VALIDATOR.is_valid(yaml.safe_load(bad.text))


def test_the_shipped_profiles_are_those_that_are_promised() -> None:
    assert shipped_profiles() == {
        "source": Profile(
            "source",
            OutputSettings(VideoCodec.SOURCE, Encoder.COPY),
            OutputSettings(VideoCodec.H264, Encoder.AUTO),
        ),
        "reencode": Profile(
            "reencode",
            OutputSettings(VideoCodec.H265, Encoder.AUTO, None, 1_500_000),
            OutputSettings(VideoCodec.H264, Encoder.AUTO, (1920, 1080), 3_000_000),
        ),
    }


def test_the_configuration_in_the_documentation_is_accepted() -> None:
    """The five-minute example, as somebody would copy it."""
    document = (config_folder().parent / "docs" / DOCUMENT).read_text(encoding="utf-8")
    block = document.partition("```yaml\n")[2].partition("```")[0]
    VALIDATOR.validate(yaml.safe_load(block))
