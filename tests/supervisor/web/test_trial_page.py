"""A trial's record as its page takes it."""

from supervisor.web.trial_page import complete, facts


def test_what_a_record_does_not_state_is_none_and_what_an_earlier_adapter_read_is_shown_too() -> None:
    old = complete({"references": ["10000001"], "collaborators": ["Example AG"], "sites": [{"city": "Bern"}]})
    assert old["references"] == [{"pmid": "10000001", "kind": None, "citation": None}]
    assert old["collaborators"] == [{"name": "Example AG", "kind": None}]
    assert (old["sites"][0]["city"], old["sites"][0]["country"], old["arms"]) == ("Bern", None, [])
    assert ("Collaborators", "Example AG") in [(fact.name, fact.value) for fact in facts(old)]
