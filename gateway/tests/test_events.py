"""Every client event of the contract (3.4): its answer, what it pushes, and what it refuses."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from gateway.tests.client import Agent, Json, Visitor
from gateway.tests.environment import Channel, Environment


@pytest.fixture(scope="module")
def channel(live: Environment) -> Channel:
    """Messaging with several conversations, in an environment without a practice agent."""
    return live.publish()


@pytest.fixture(scope="module")
def single(live: Environment) -> Channel:
    return live.publish(document={"settings": {"hasMultipleThreadsPerEndUser": False}})


@pytest.fixture(scope="module")
def livechat(live: Environment) -> Channel:
    return live.publish(kind="live")


def thread(text: str, **more: Any) -> Json:
    return {"thread": {"idOnExternalPlatform": text, **more}}


# -- SendMessage -------------------------------------------------------------------------------------------------------


def test_a_first_message_is_acknowledged_opens_a_case_and_is_created(
    live: Environment, channel: Channel
) -> None:
    with Visitor(live, channel, name="Zoé") as visitor:
        frame = visitor.frame("SendMessage", visitor.message("Bonjour à tous"))
        visitor.send(frame)
        acknowledged, case, created = (visitor.next() for _ in range(3))
        assert acknowledged == {
            "eventId": frame["eventId"],
            "createdAt": acknowledged["createdAt"],
            "status": "success",
        }
        assert case["eventType"] == "CaseCreated"
        assert case["data"]["case"]["status"] == "new"
        assert created["eventType"] == "MessageCreated"
        assert {"eventId", "eventObject", "createdAt", "createdAtWithMilliseconds", "context"} <= set(created)
        data = created["data"]
        assert data["brand"] == {"id": channel.brand}
        assert data["channel"]["id"] == channel.id
        assert data["case"]["id"] == case["data"]["case"]["id"]
        assert data["thread"]["id"] == f"{channel.id}_{visitor.thread}"
        assert data["thread"]["idOnExternalPlatform"] == visitor.thread
        message = data["message"]
        assert message["idOnExternalPlatform"] == frame["payload"]["data"]["idOnExternalPlatform"]
        assert message["threadId"] == f"{channel.id}_{visitor.thread}"
        assert message["threadIdOnExternalPlatform"] == visitor.thread
        assert (message["direction"], message["isMadeByUser"]) == ("inbound", False)
        assert message["messageContent"]["type"] == "TEXT"
        assert message["messageContent"]["payload"] == {"text": "Bonjour à tous"}
        assert message["messageContent"]["fallbackText"] == "Bonjour à tous"
        assert message["messageContent"]["parameters"] == {}
        assert message["attachments"] == []
        assert message["authorUser"] is None
        assert message["authorEndUserIdentity"]["firstName"] == "Zoé"
        # A missing key would send clients to endpoint 7.
        assert message["hasAdditionalMessageContent"] is False
        assert "seenAt" in message["customerStatistics"]
        assert "seenAt" in message["userStatistics"]
        assert "." not in message["createdAt"]
        assert "." in message["createdAtWithMilliseconds"]
        visitor.say("encore")
        assert not [one for one in visitor.quiet() if one.get("eventType") == "CaseCreated"]


def test_sending_again_after_a_reconnect_is_one_message(live: Environment, channel: Channel) -> None:
    customer, external_id = str(uuid.uuid4()), str(uuid.uuid4())
    with Visitor(live, channel, customer=customer) as first:
        said = first.say("une fois", external_id=external_id)
        conversation = first.thread
        # On the same socket, too.
        assert first.say("une fois", external_id=external_id)["id"] == said["id"]
    with Visitor(live, channel, customer=customer) as second:
        again = second.say("une fois", thread=conversation, external_id=external_id)
        assert again["id"] == said["id"]
        assert again["createdAtWithMilliseconds"] == said["createdAtWithMilliseconds"]
        recovered = second.data("RecoverThread", thread(conversation))
        assert [one["id"] for one in recovered["messages"]] == [said["id"]]


def test_sending_again_reaches_no_other_socket(live: Environment, channel: Channel) -> None:
    customer, external_id = str(uuid.uuid4()), str(uuid.uuid4())
    with (
        Visitor(live, channel, customer=customer) as first,
        Visitor(live, channel, customer=customer) as tablet,
    ):
        first.say("une fois", external_id=external_id)
        tablet.created(external_id)
        tablet.quiet(0.2)
        first.say("une fois", external_id=external_id)
        assert tablet.quiet() == []


def test_every_device_of_the_customer_hears_it_and_nobody_else(live: Environment, channel: Channel) -> None:
    customer = str(uuid.uuid4())
    with (
        Visitor(live, channel, customer=customer) as phone,
        Visitor(live, channel, customer=customer, secured=True) as desktop,
        Visitor(live, channel) as stranger,
    ):
        said = phone.say("du téléphone")
        assert desktop.created(said["idOnExternalPlatform"])["data"]["message"]["id"] == said["id"]
        assert stranger.quiet() == []


def test_pre_contact_answers_arrive_with_the_first_message(live: Environment, channel: Channel) -> None:
    with Visitor(live, channel) as visitor:
        answers = {"customFields": [{"ident": "email", "value": "a@b.ca"}, {"ident": "age", "value": 7}]}
        visitor.ask(
            "SendMessage",
            visitor.message(
                "x", consumerContact=answers, consumer={"customFields": [{"ident": "vip", "value": True}]}
            ),
        )
        case = visitor.pushed("CaseCreated")["case"]
        assert {"ident": "email", "value": "a@b.ca"} in case["customFields"]
        assert {"ident": "age", "value": "7"} in case["customFields"]
        recovered = visitor.data("RecoverThread", thread(visitor.thread))
        assert recovered["customer"]["customFields"] == [{"ident": "vip", "value": "true"}]


@pytest.mark.parametrize(
    "change",
    [
        {"messageContent": None},
        {"messageContent": {"type": "TEXT"}},
        {"messageContent": {"type": "TEXT", "payload": {"text": 7}}},
        {"messageContent": {"type": "TEXT", "payload": {"text": ""}}},
        {"messageContent": {"type": "TEXT", "payload": {"text": " \n"}}},
        {"messageContent": {"type": "TEXT", "payload": {"text": "a\x00b"}}},
        {"messageContent": {"type": "TEXT", "payload": {"text": "\ud800"}}},
        {"messageContent": {"type": "TEXT", "payload": {"text": "x" * 10_001}}},
        {"messageContent": {"type": "TEXT", "payload": {"text": "x"}, "postback": 7}},
        {"messageContent": {"type": "ADAPTIVE_CARD", "payload": {}}},
        {"idOnExternalPlatform": None},
        {"idOnExternalPlatform": ""},
        {"idOnExternalPlatform": "x" * 256},
        {"idOnExternalPlatform": "a\x00"},
        {"thread": None},
        {"thread": {}},
        {"thread": {"idOnExternalPlatform": "a\x00"}},
        {"thread": "x"},
        {"attachments": "x"},
        {"attachments": [{"url": "https://evil.example/x.exe", "friendlyName": "facture.pdf"}]},
        {"attachments": [{"url": 7, "friendlyName": "a"}]},
        {"attachments": [{}] * 26},
        {"consumerContact": {"customFields": [{"ident": "a"}]}},
        {"consumerContact": {"customFields": [{"value": "a"}]}},
        {"consumerContact": {"customFields": [{"ident": "a", "value": "x" * 4097}]}},
        {"consumerContact": {"customFields": [{"ident": "a", "value": "b"}] * 101}},
        {"consumerContact": {"customFields": "x"}},
        {"consumer": {"customFields": [7]}},
    ],
)
def test_a_message_that_is_none_is_refused_and_nothing_stored(
    live: Environment, channel: Channel, change: Json
) -> None:
    with Visitor(live, channel) as visitor:
        assert visitor.refusal("SendMessage", visitor.message("x") | change) == "InconsistentData"
        assert visitor.data("FetchThreadList", {}) == {"threads": []}


def test_a_client_may_leave_out_what_it_does_not_know_and_count_its_customers(
    live: Environment, channel: Channel
) -> None:
    """Only what an event needs, in another order, with null for nothing and numbers where a page has numbers."""
    number = uuid.uuid4().int >> 80
    with Visitor(live, channel, authorize=False) as visitor:

        def ask(event_type: str, data: Json | None, **payload: object) -> Json:
            frame = {
                "payload": {"data": data, "eventType": event_type, **payload},
                "eventId": str(uuid.uuid4()),
                "action": "chatWindowEvent",
            }
            visitor.send(frame)
            return visitor.until(lambda one: one.get("eventId") == frame["eventId"])

        authorized = ask("AuthorizeCustomer", None, consumerIdentity={"idOnExternalPlatform": number})
        assert authorized["postback"]["data"]["consumerIdentity"]["idOnExternalPlatform"] == str(number)
        message: Json = {
            "messageContent": {"payload": {"postback": None, "text": "é"}, "type": "TEXT"},
            "idOnExternalPlatform": 13,
            "thread": {"threadName": None, "idOnExternalPlatform": number},
        }
        assert ask("SendMessage", message)["status"] == "success"
        nothing = dict.fromkeys(("attachments", "consumer", "browserFingerprint", "accessToken"))
        fields = {"consumerContact": {"customFields": [{"value": None, "ident": "age"}]}}
        empty = dict.fromkeys(("brand", "channel", "consumerIdentity", "destination", "visitor", "visit"))
        again = {**message, **nothing, **fields, "idOnExternalPlatform": "14"}
        assert ask("SendMessage", again, **empty)["status"] == "success"
        recovered = ask("RecoverThread", {"thread": {"idOnExternalPlatform": None}})["postback"]["data"]
        assert [one["idOnExternalPlatform"] for one in recovered["messages"]] == ["14", "13"]
        assert recovered["thread"]["idOnExternalPlatform"] == str(number)
        assert recovered["contact"]["customFields"] == [{"ident": "age", "value": ""}]


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "{{ 7*7 }}", "'; DROP TABLE x; --", "\u202eevil", "👩‍👩‍👧 é ﷽"]
)
def test_any_text_comes_back_as_it_was(live: Environment, channel: Channel, text: str) -> None:
    with Visitor(live, channel) as visitor:
        assert visitor.say(text)["messageContent"]["payload"]["text"] == text


def test_a_postback_travels_with_its_text(live: Environment, channel: Channel) -> None:
    with Visitor(live, channel) as visitor:
        content = {"type": "TEXT", "payload": {"text": "Oui"}, "postback": '{"choice":"yes"}'}
        data = visitor.message("x", messageContent=content)
        visitor.ask("SendMessage", data)
        message = visitor.created(data["idOnExternalPlatform"])["data"]["message"]
        assert message["messageContent"]["postback"] == '{"choice":"yes"}'


def test_somebody_elses_conversation_cannot_be_written_in(live: Environment, channel: Channel) -> None:
    with Visitor(live, channel) as owner, Visitor(live, channel) as thief:
        owner.say("à moi")
        owner.quiet(0.2)
        assert (
            thief.refusal("SendMessage", thief.message("à moi", thread=owner.thread))
            == "SendingMessageFailed"
        )
        assert owner.quiet() == []


# -- several conversations or one --------------------------------------------------------------------------------------


def test_a_messaging_channel_keeps_several_conversations(live: Environment, channel: Channel) -> None:
    with Visitor(live, channel) as visitor:
        visitor.say("un", thread="t-1-" + visitor.customer)
        visitor.say("deux", thread="t-2-" + visitor.customer)
        threads = visitor.data("FetchThreadList", {})["threads"]
        assert [one["idOnExternalPlatform"][:3] for one in threads] == ["t-2", "t-1"]
        for one in threads:
            assert one["id"] == f"{channel.id}_{one['idOnExternalPlatform']}"
            assert one["channelId"] == channel.id
            assert one["canAddMoreMessages"] is True
            assert one["threadName"] == ""


def test_a_channel_of_one_conversation_keeps_to_it(live: Environment, single: Channel) -> None:
    with Visitor(live, single) as visitor:
        visitor.say("un")
        assert (
            visitor.refusal("SendMessage", visitor.message("deux", thread=str(uuid.uuid4())))
            == "SendingMessageFailed"
        )
        visitor.ask("ArchiveThread", thread(visitor.thread))
        visitor.say("trois", thread=str(uuid.uuid4()))


# -- recovering --------------------------------------------------------------------------------------------------------


def test_a_conversation_is_recovered_on_another_device(live: Environment, channel: Channel) -> None:
    with Visitor(live, channel) as visitor:
        for number in range(3):
            visitor.say(f"message {number}")
        with Visitor(live, channel, customer=visitor.customer) as other:
            for data in ({}, thread(visitor.thread)):
                recovered = other.data("RecoverThread", data)
                texts = [one["messageContent"]["payload"]["text"] for one in recovered["messages"]]
                assert texts == ["message 2", "message 1", "message 0"]
                assert recovered["thread"]["idOnExternalPlatform"] == visitor.thread
                assert recovered["contact"] == recovered["consumerContact"]
                assert recovered["contact"]["status"] == "new"
                assert recovered["contactHistory"] == []
                assert recovered["messagesScrollToken"] == ""
                assert recovered["ownerAssignee"] is None
                assert recovered["inboxAssignee"] is None
                assert recovered["customer"] == {"customFields": []}


def test_a_thread_may_be_named_by_its_whole_id(live: Environment, channel: Channel) -> None:
    with Visitor(live, channel) as visitor:
        visitor.say("x")
        recovered = visitor.data("RecoverThread", {"thread": {"id": f"{channel.id}_{visitor.thread}"}})
        assert recovered["thread"]["idOnExternalPlatform"] == visitor.thread


def test_nothing_to_recover_is_an_error_of_the_contract(
    live: Environment, channel: Channel, livechat: Channel
) -> None:
    with Visitor(live, channel) as visitor:
        assert visitor.refusal("RecoverThread", {}) == "RecoveringThreadFailed"
        assert visitor.refusal("RecoverThread", thread("nobody's")) == "RecoveringThreadFailed"
    with Visitor(live, livechat) as visitor:
        assert visitor.refusal("RecoverLivechat", {}) == "RecoveringLivechatFailed"


def test_earlier_messages_are_loaded_page_by_page_without_gap_or_repetition(
    live: Environment, channel: Channel
) -> None:
    with Visitor(live, channel) as visitor:
        said = [visitor.say(str(number))["id"] for number in range(70)]
        page = visitor.data("RecoverThread", thread(visitor.thread))
        got, scroll = [one["id"] for one in page["messages"]], page["messagesScrollToken"]
        assert len(got) == 30
        pages = 1
        while scroll:
            data = {
                **thread(visitor.thread),
                "scrollToken": scroll,
                "oldestMessageDatetime": page["messages"][-1]["createdAt"],
            }
            # What is said meanwhile moves no page.
            visitor.say("meanwhile")
            page = visitor.data("LoadMoreMessages", data)
            assert page["contactHistory"] == []
            got += [one["id"] for one in page["messages"]]
            scroll = page["scrollToken"]
            pages += 1
        assert got == said[::-1]
        assert pages == 3


def test_no_frame_is_heavier_than_a_phone_takes(live: Environment, channel: Channel) -> None:
    """iOS lets go of a socket that brings more than a megabyte (URLSessionWebSocketTask.maximumMessageSize)."""
    with Visitor(live, channel) as visitor:
        said = [visitor.say("م" * 10_000)["id"] for _ in range(10)]
        data = visitor.data("RecoverThread", thread(visitor.thread))
        got, scroll = data["messages"], data["messagesScrollToken"]
        while scroll:
            assert len(json.dumps(data)) < 2**20
            data = visitor.data("LoadMoreMessages", {**thread(visitor.thread), "scrollToken": scroll})
            got, scroll = got + data["messages"], data["scrollToken"]
        assert len(json.dumps(data)) < 2**20
        assert [one["id"] for one in got] == said[::-1]


@pytest.mark.parametrize("scroll", [None, "", "m", "x1", "mzz", "m" + "f" * 40, "m-1", "' OR 1=1", 7])
def test_a_made_up_scroll_token_is_refused(live: Environment, channel: Channel, scroll: object) -> None:
    with Visitor(live, channel) as visitor:
        visitor.say("x")
        data = {**thread(visitor.thread), "scrollToken": scroll}
        assert visitor.refusal("LoadMoreMessages", data) == "InconsistentData"


def test_a_scroll_token_opens_no_other_conversation(live: Environment, channel: Channel) -> None:
    with Visitor(live, channel) as owner, Visitor(live, channel) as thief:
        for number in range(40):
            owner.say(str(number))
        scroll = owner.data("RecoverThread", {})["messagesScrollToken"]
        thief.say("x")
        own = thief.data("LoadMoreMessages", {**thread(thief.thread), "scrollToken": scroll})
        assert own["messages"] == []
        stolen = {**thread(owner.thread), "scrollToken": scroll}
        assert thief.refusal("LoadMoreMessages", stolen) == "InconsistentData"


# -- threads -----------------------------------------------------------------------------------------------------------


def test_a_conversation_is_renamed_and_described(live: Environment, channel: Channel) -> None:
    with Visitor(live, channel) as visitor:
        visitor.say("un")
        last = visitor.say("deux")
        assert "postback" not in visitor.ask("UpdateThread", thread(visitor.thread, threadName="Ma commande"))
        assert visitor.data("FetchThreadList", {})["threads"][0]["threadName"] == "Ma commande"
        metadata = visitor.data("LoadThreadMetadata", thread(visitor.thread))
        assert metadata["lastMessage"]["id"] == last["id"]
        assert metadata["ownerAssignee"] is None
        data = visitor.message("trois")
        visitor.ask("SendMessage", data)
        assert visitor.created(data["idOnExternalPlatform"])["data"]["thread"]["threadName"] == "Ma commande"


def test_an_archived_conversation_takes_no_more(live: Environment, channel: Channel) -> None:
    with Visitor(live, channel) as visitor:
        visitor.say("x")
        answer = visitor.ask("ArchiveThread", thread(visitor.thread))
        assert answer["postback"]["eventType"] == "ThreadArchived"
        assert visitor.data("FetchThreadList", {})["threads"][0]["canAddMoreMessages"] is False
        assert visitor.refusal("SendMessage", visitor.message("y")) == "SendingMessageFailed"
        # Its history stays.
        assert len(visitor.data("RecoverThread", thread(visitor.thread))["messages"]) == 1


@pytest.mark.parametrize(
    ("event_type", "code"),
    [
        ("UpdateThread", "UpdatingThreadFailed"),
        ("ArchiveThread", "ArchivingThreadFailed"),
        ("LoadThreadMetadata", "MetadataLoadFailed"),
        ("RecoverThread", "RecoveringThreadFailed"),
        ("EndContact", "InconsistentData"),
        ("MessageSeenByConsumer", "InconsistentData"),
        ("GenerateAuthorizationToken", "InconsistentData"),
    ],
)
def test_somebody_elses_conversation_is_nobodys(
    live: Environment, channel: Channel, event_type: str, code: str
) -> None:
    with Visitor(live, channel) as owner, Visitor(live, channel) as thief:
        owner.say("x")
        owner.quiet(0.2)
        data = thread(owner.thread, threadName="hacked") | {
            "contact": {"id": "1"},
            "url": "https://x.example",
        }
        assert thief.refusal(event_type, data) == code
        assert owner.quiet(0.2) == []
        assert owner.data("FetchThreadList", {})["threads"][0]["threadName"] == ""


@pytest.mark.parametrize("name", [None, 7, "a\x00", "x" * 256])
def test_a_name_that_is_none_is_refused(live: Environment, channel: Channel, name: object) -> None:
    with Visitor(live, channel) as visitor:
        visitor.say("x")
        assert (
            visitor.refusal("UpdateThread", thread(visitor.thread, threadName=name)) == "UpdatingThreadFailed"
        )


# -- the end -----------------------------------------------------------------------------------------------------------


def test_after_its_end_a_messaging_conversation_goes_on_with_a_new_case(
    live: Environment, channel: Channel
) -> None:
    with Visitor(live, channel) as visitor:
        visitor.say("un")
        case = visitor.pushed("CaseCreated")["case"]["id"]
        answer = visitor.ask("EndContact", {**thread(visitor.thread), "contact": {"id": case}})
        assert answer["status"] == "success"
        changed = visitor.pushed("CaseStatusChanged")
        assert (changed["case"]["id"], changed["case"]["status"]) == (case, "closed")
        visitor.say("deux")
        assert visitor.pushed("CaseCreated")["case"]["id"] != case
        recovered = visitor.data("RecoverThread", thread(visitor.thread))
        assert [one["id"] for one in recovered["contactHistory"]] == [case]
        assert len(recovered["messages"]) == 2


def test_an_end_that_comes_late_ends_no_later_case(live: Environment, channel: Channel) -> None:
    with Visitor(live, channel) as visitor:
        visitor.say("un")
        first = visitor.pushed("CaseCreated")["case"]["id"]
        ending = {**thread(visitor.thread), "contact": {"id": first}}
        visitor.ask("EndContact", ending)
        visitor.say("deux")
        second = visitor.pushed("CaseCreated")["case"]["id"]
        # A client that lost the answer sends it again.
        assert visitor.ask("EndContact", ending)["status"] == "success"
        contact = visitor.data("RecoverThread", thread(visitor.thread))["contact"]
        assert (contact["id"], contact["status"]) == (second, "new")
        # An id nobody here gave is no reason to go on.
        visitor.ask("EndContact", {**thread(visitor.thread), "contact": {"id": "x"}})
        assert visitor.data("RecoverThread", thread(visitor.thread))["contact"]["status"] == "closed"


def test_ending_twice_is_acknowledged_and_pushed_once(live: Environment, channel: Channel) -> None:
    with Visitor(live, channel) as visitor:
        visitor.say("un")
        visitor.ask("EndContact", thread(visitor.thread))
        visitor.pushed("CaseStatusChanged")
        assert visitor.ask("EndContact", thread(visitor.thread))["status"] == "success"
        assert not [one for one in visitor.quiet() if one.get("eventType") == "CaseStatusChanged"]


def test_a_live_chat_waits_in_line_is_recovered_and_ends(live: Environment) -> None:
    livechat = live.publish(kind="live")
    with Visitor(live, livechat) as first, Visitor(live, livechat) as second:
        first.say("premier")
        position = first.pushed("SetPositionInQueue")
        assert position["positionInQueue"] == 1
        assert position["isAnyAgentOnlineForQueue"] is False
        assert position["routingQueue"]["id"]
        case = first.pushed("CaseCreated")["case"]["id"]
        assert position["consumerContact"] == {"id": case}
        second.say("second")
        assert second.pushed("SetPositionInQueue")["positionInQueue"] == 2
        with Visitor(live, livechat, customer=second.customer) as reloaded:
            recovered = reloaded.data("RecoverLivechat", {})
            assert recovered["thread"]["idOnExternalPlatform"] == second.thread
            assert recovered["contact"]["status"] == "new"
            assert recovered["contactHistory"] == []
            assert reloaded.pushed("SetPositionInQueue")["positionInQueue"] == 2
        second.quiet(0.2)
        first.ask("EndContact", {**thread(first.thread), "contact": {"id": case}})
        assert first.pushed("CaseStatusChanged")["case"]["status"] == "closed"
        assert second.pushed("SetPositionInQueue")["positionInQueue"] == 1
        assert first.refusal("RecoverLivechat", {}) == "RecoveringLivechatFailed"
        assert first.refusal("RecoverLivechat", thread(first.thread)) == "RecoveringLivechatFailed"
        assert first.refusal("SendMessage", first.message("encore")) == "SendingMessageFailed"
        assert first.data("FetchThreadList", {})["threads"][0]["canAddMoreMessages"] is False
        first.say("nouveau", thread=str(uuid.uuid4()))


def test_a_live_chat_an_agent_has_taken_waits_no_more(live: Environment) -> None:
    livechat = live.publish(kind="live")
    with Visitor(live, livechat) as first, Visitor(live, livechat) as second, Agent(live, livechat) as agent:
        first.say("premier")
        assert first.pushed("SetPositionInQueue")["isAnyAgentOnlineForQueue"] is True
        second.say("second")
        second.pushed("SetPositionInQueue")
        second.quiet(0.2)
        agent.do("open", conversation=first.thread)
        assigned = first.pushed("CaseInboxAssigneeChanged")
        assert assigned["inboxAssignee"]["nickname"] == "Zoé Tremblay"
        assert assigned["case"]["status"] == "open"
        assert second.pushed("SetPositionInQueue")["positionInQueue"] == 1


# -- custom fields -----------------------------------------------------------------------------------------------------


def test_answers_set_before_the_first_message_survive_a_reconnect(
    live: Environment, channel: Channel
) -> None:
    customer, conversation = str(uuid.uuid4()), str(uuid.uuid4())
    with Visitor(live, channel, customer=customer) as visitor:
        for data in (
            {"customFields": [{"ident": "department", "value": "sales"}]},
            {"customFields": [{"ident": "order", "value": "7"}], **thread(conversation)},
            {"customFields": [{"ident": "of another", "value": "x"}], **thread("another-" + customer)},
        ):
            assert visitor.ask("SetConsumerContactCustomFields", data)["status"] == "success"
    with Visitor(live, channel, customer=customer) as visitor:
        visitor.say("x", thread=conversation)
        fields = visitor.pushed("CaseCreated")["case"]["customFields"]
        assert sorted((one["ident"], one["value"]) for one in fields) == [
            ("department", "sales"),
            ("order", "7"),
        ]
        later = {"customFields": [{"ident": "order", "value": "8"}], **thread(conversation)}
        visitor.ask("SetConsumerContactCustomFields", later)
        contact = visitor.data("RecoverThread", thread(conversation))["contact"]
        assert {"ident": "order", "value": "8"} in contact["customFields"]


def test_the_customers_own_fields_are_kept(live: Environment, channel: Channel) -> None:
    with Visitor(live, channel) as visitor:
        for value in ("1", "2"):
            data = {"customFields": [{"ident": "level", "value": value}]}
            assert visitor.ask("SetConsumerCustomFields", data)["status"] == "success"
        with Visitor(live, channel, customer=visitor.customer) as again:
            authorized = again.authorized["postback"]["data"]
            assert authorized["customer"]["customFields"] == [{"ident": "level", "value": "2"}]


@pytest.mark.parametrize("event_type", ["SetConsumerCustomFields", "SetConsumerContactCustomFields"])
@pytest.mark.parametrize(
    "given", ["x", [7], [{"ident": "", "value": "x"}], [{"ident": "a", "value": "a\x00"}]]
)
def test_fields_that_are_none_are_refused(
    live: Environment, channel: Channel, event_type: str, given: object
) -> None:
    with Visitor(live, channel) as visitor:
        assert visitor.refusal(event_type, {"customFields": given}) == "InconsistentData"


# -- typing, seen, preview ---------------------------------------------------------------------------------------------


def test_typing_and_preview_are_acknowledged_and_reach_the_agent(live: Environment) -> None:
    channel = live.publish(document={"settings": {"enableChatTypingPreview": True}})
    with Visitor(live, channel) as visitor, Agent(live, channel) as agent:
        visitor.say("x")
        agent.event("message")
        for event_type, on in (("SenderTypingStarted", True), ("SenderTypingEnded", False)):
            assert visitor.ask(event_type, thread(visitor.thread))["status"] == "success"
            assert agent.event("typing") == {
                "event": "typing",
                "channel": channel.id,
                "conversation": visitor.thread,
                "on": on,
            }
        preview = {
            **thread(visitor.thread),
            "messageContent": {"type": "TEXT", "payload": {"text": "Je vou"}},
        }
        assert visitor.ask("SendMessagePreview", preview)["status"] == "success"
        assert agent.event("preview")["text"] == "Je vou"


def test_a_preview_stays_with_the_visitor_unless_the_channel_shows_it(
    live: Environment, channel: Channel
) -> None:
    with Visitor(live, channel) as visitor, Visitor(live, channel) as stranger, Agent(live, channel) as agent:
        visitor.say("x")
        agent.event("message")
        preview = {**thread(visitor.thread), "messageContent": {"text": "secret"}}
        assert visitor.ask("SendMessagePreview", preview)["status"] == "success"
        # Nor does somebody else's socket type in this conversation.
        assert stranger.ask("SenderTypingStarted", thread(visitor.thread))["status"] == "success"
        assert visitor.ask("SenderTypingStarted", {})["status"] == "success"
        assert not [one for one in agent.quiet() if one["event"] in {"preview", "typing"}]


def test_seen_messages_are_marked_once_on_both_sides(live: Environment, channel: Channel) -> None:
    with Visitor(live, channel) as visitor, Agent(live, channel) as agent:
        said = visitor.say("vous êtes là ?")
        agent.event("message")
        agent.do("open", conversation=visitor.thread)
        read = visitor.pushed("MessageReadChanged")["message"]
        assert read["id"] == said["id"]
        assert read["userStatistics"]["seenAt"]
        agent.say(visitor.thread, text="Oui")
        answer = visitor.answered()
        assert answer["customerStatistics"]["seenAt"] is None
        agent.quiet(0.2)
        visitor.quiet(0.2)
        assert visitor.ask("MessageSeenByConsumer", thread(visitor.thread))["status"] == "success"
        read = visitor.pushed("MessageReadChanged")["message"]
        assert read["id"] == answer["id"]
        assert read["customerStatistics"]["seenAt"]
        assert agent.event("seen") == {
            "event": "seen",
            "channel": channel.id,
            "conversation": visitor.thread,
            "id": answer["id"],
            "direction": "outbound",
        }
        visitor.ask("MessageSeenByConsumer", thread(visitor.thread))
        assert visitor.quiet() == []


# -- the rest ----------------------------------------------------------------------------------------------------------


def test_an_offline_message_is_kept(live: Environment, livechat: Channel) -> None:
    with Visitor(live, livechat) as visitor:
        email = f"{uuid.uuid4()}@exemple.ca"
        data = {
            "messageContent": {"type": "TEXT", "payload": {"text": "Rappelez-moi"}},
            "authorCustomerIdentity": {"idOnExternalPlatform": email, "firstName": "Zoé", "lastName": "T."},
        }
        answer = visitor.ask("SendOfflineMessage", data)
        assert answer["postback"]["eventType"] == "OfflineMessageSent"
    kept = live.execute(
        "SELECT channel, first_name, last_name, text FROM gateway_offlinemessage WHERE email = %s", email
    )
    assert kept == [(livechat.id, "Zoé", "T.", "Rappelez-moi")]


@pytest.mark.parametrize(
    "email", [None, "", "zoé", "a b@c.ca", "@c.ca", "a@", "a@b", "a\x00@b.ca", "x" * 300 + "@b.ca"]
)
def test_an_offline_message_without_an_address_is_refused(
    live: Environment, livechat: Channel, email: object
) -> None:
    with Visitor(live, livechat) as visitor:
        data = {
            "messageContent": {"type": "TEXT", "payload": {"text": "x"}},
            "authorCustomerIdentity": {"idOnExternalPlatform": email},
        }
        assert visitor.refusal("SendOfflineMessage", data) == "SendingOfflineMessageFailed"


def test_an_authorization_token_is_made_for_ones_own_conversation(
    live: Environment, channel: Channel
) -> None:
    with Visitor(live, channel) as visitor:
        visitor.say("x")
        data = visitor.data(
            "GenerateAuthorizationToken", {**thread(visitor.thread), "url": "https://www.example.com"}
        )
        assert data["authorizationToken"].count(".") == 2


def test_transcripts_are_refused_in_the_contracts_words(live: Environment, channel: Channel) -> None:
    with Visitor(live, channel) as visitor:
        data = {"consumerContact": {"id": "1"}, "consumerRecipients": [{"idOnExternalPlatform": "a@b.ca"}]}
        assert visitor.refusal("SendTranscript", data) == "SendingTranscriptFailed"


@pytest.mark.parametrize(
    "event_type",
    ["CreateInvitationToGroupChat", "SendEmailInvitationToGroupChat", "JoinGroupChat", "LeaveGroupChat"],
)
def test_group_chat_answers_an_error(live: Environment, channel: Channel, event_type: str) -> None:
    with Visitor(live, channel) as visitor:
        assert visitor.refusal(event_type, {}) == "GroupChatNotAllowed"


def test_the_same_names_in_two_brands_never_meet(live: Environment) -> None:
    ours, theirs = live.publish(brand=1009), live.publish(brand=2020)
    customer, conversation, external_id = "the same", "the same", "the same"
    with Visitor(live, ours, customer=customer) as one, Visitor(live, theirs, customer=customer) as other:
        one.say("chez nous", thread=conversation, external_id=external_id)
        assert other.data("FetchThreadList", {}) == {"threads": []}
        other.say("chez eux", thread=conversation, external_id=external_id)
        [message] = one.data("RecoverThread", {})["messages"]
        assert message["messageContent"]["payload"]["text"] == "chez nous"
        assert not [frame for frame in one.quiet() if "chez eux" in str(frame)]
