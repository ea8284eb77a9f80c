"""The types by which users write a config have the keys of the settings that come of it."""

from __future__ import annotations

from typing import get_type_hints

import msgspec
import pytest

from payi_transport import config as module
from payi_transport import settings as values

PAIRS = {
    module.PayiInstrumentConfig: values.Settings,
    module.PayiInstrumentHostMappingConfig: values.HostMappingSettings,
    module.PayiProviderConfig: values.ProviderSettings,
    module.PayiModelsConfig: values.ModelsSettings,
    module.PayiModelProviderConfig: values.ModelProviderSettings,
    module.PayiInstrumentModelMapping: values.ModelMappingSettings,
    module.PayiInstrumentModelConfig: values.ModelConfigSettings,
    module.PayiInstrumentOpenAiConfig: values.OpenAISettings,
    module.PayiInstrumentAwsBedrockConfig: values.AwsSettings,
    module.PayiInstrumentOfflineInstrumentationConfig: values.OfflineSettings,
    module.PayiInstrumentIngestRetryConfig: values.IngestRetrySettings,
    module.PayiDeliveryConfig: values.DeliverySettings,
    module.PayiCaptureConfig: values.CaptureSettings,
}


@pytest.mark.parametrize(("written", "used"), PAIRS.items(), ids=lambda kind: kind.__name__)
def test_what_users_write_has_the_keys_of_what_is_used(written: type, used: type[msgspec.Struct]) -> None:
    assert set(get_type_hints(written)) == set(used.__struct_fields__)


def test_no_section_is_without_a_type_for_users() -> None:
    sections = {
        kind
        for kind in vars(values).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__struct_fields__
    }
    assert sections == set(PAIRS.values())
    assert {kind.__name__ for kind in PAIRS} == set(module.__all__)
