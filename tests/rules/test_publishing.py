"""Publishing: what may be published, shared and deleted, and by whom (rules.md F2, F11, F12)."""

from itertools import pairwise

import pytest
from support.given import connected, given_members, made, members, policy

from domain import Audience, DeletePost, PostKind, PublishArticle, PublishPost, SharePost
from domain.event import Event
from domain.identifiers import hashtags_in, normal_hashtag
from domain.items import STANDING_ARTICLES, ArticlePublished, PostDeleted, PostPublished, PostShared, falls_within
from domain.members.member_events import MemberErased, MemberHibernated, MemberRestricted
from domain.relationships.blocking_events import MemberBlocked


def post(item: str = "p1", author: str = "bob", audience: str = "anyone", text: str = "Hello") -> PostPublished:
    return PostPublished(item=item, author=author, kind="post", audience=audience, text=text, hashtags=[])


def shared(share: str, sharer: str, item: str = "p1", author: str = "bob", comment: str = "") -> PostShared:
    return PostShared(share=share, sharer=sharer, item=item, author=author, comment=comment)


def deleted(item: str, author: str, kind: str = "post", original: str | None = None) -> PostDeleted:
    return PostDeleted(item=item, author=author, kind=kind, original=original)


def share(item: str = "p1", sharer: str = "ada") -> SharePost:
    return SharePost(sharer=sharer, item=item)


# Publishing


@pytest.mark.parametrize("kind", [*PostKind])
@pytest.mark.parametrize("audience", [*Audience])
def test_f2_and_f12_a_post_keeps_its_kind_audience_text_and_hashtags(kind: PostKind, audience: Audience) -> None:
    command = PublishPost(author="bob", text=" On #Rivers and #rivers. ", kind=kind, audience=audience)
    given_members().when(command).then(
        PostPublished(
            item="id-1",
            author="bob",
            kind=kind.value,
            audience=audience.value,
            text="On #Rivers and #rivers.",
            hashtags=["rivers"],
        )
    )


def test_f12_the_hashtags_of_an_article_are_those_of_title_and_body() -> None:
    command = PublishArticle(author="bob", title="On #rivers", body="They #flow to #Rivers.", item="a1")
    given_members().when(command).then(
        ArticlePublished(
            item="a1", author="bob", title="On #rivers", body="They #flow to #Rivers.", hashtags=["rivers", "flow"]
        )
    )


@pytest.mark.parametrize(
    ("text", "hashtags"),
    [
        ("#one #Two_2 #three-four", ["one", "two_2", "three"]),
        ("#Straße #ÉTÉ #東京 #Москва #हिन्दी #العربية", ["strasse", "été", "東京", "москва", "हिन्दी", "العربية"]),
        ("#İstanbul", ["i̇stanbul"]),
        ("# #- ## #! #", []),
        ("a#b##c,#d.", ["b", "c", "d"]),
        ("#2026 #_", ["2026", "_"]),
        ("no hashtag", []),
    ],
)
def test_f12_hashtags_are_letters_digits_or_underscores_of_any_script_case_folded(
    text: str, hashtags: list[str]
) -> None:
    assert hashtags_in(text, None) == hashtags
    assert [normal_hashtag("#" + name) for name in hashtags] == hashtags, "what is found can be followed"


def test_f12_an_item_has_at_most_30_hashtags() -> None:
    text = " ".join(f"#tag{number}" for number in range(31))
    outcome = given_members().when(PublishPost(author="bob", text=text)).accepted()
    assert made(outcome.events, PostPublished).hashtags == [f"tag{number}" for number in range(30)]


@pytest.mark.parametrize(
    ("field", "longest"), [("text", 3_000), ("comment", 3_000), ("title", 150), ("body", 120_000)], ids=str
)
def test_f12_texts_have_a_longest_length_after_trimming(field: str, longest: int) -> None:
    texts = {"text": "Hello", "title": "Title", "body": "Body", "comment": "See"}
    for length, fits in ((longest, True), (longest + 1, False)):
        texts[field] = " " + "ä" * length + "\n"
        commands = {
            "text": PublishPost(author="ada", text=texts["text"]),
            "comment": SharePost(sharer="ada", item="p1", comment=texts["comment"]),
            "title": PublishArticle(author="ada", title=texts["title"], body=texts["body"]),
            "body": PublishArticle(author="ada", title=texts["title"], body=texts["body"]),
        }
        assert members(post()).answer(commands[field]) == ("accepted" if fits else "too_long")


def test_f12_texts_are_never_empty_save_a_shares_comment() -> None:
    for kind in PostKind:
        given_members().when(PublishPost(author="ada", text=" \n", kind=kind)).refused("empty_text")
    given_members().when(PublishArticle(author="ada", title=" ", body="Body")).refused("empty_text")
    given_members().when(PublishArticle(author="ada", title="Title", body=" ")).refused("empty_text")
    given_members(post()).when(SharePost(sharer="ada", item="p1", comment=" ")).then(shared("id-1", "ada"))


def test_publishing_under_an_id_twice_is_already_so_and_other_content_refused() -> None:
    world = members()
    world.do(PublishPost(author="bob", text="Hello", item="p1"))
    assert not world.do(PublishPost(author="bob", text="Hello", item="p1")).events
    for other in (
        PublishPost(author="bob", text="Bye", item="p1"),
        PublishPost(author="ada", text="Hello", item="p1"),
        PublishPost(author="bob", text="Hello", item="p1", kind=PostKind.STATUS_UPDATE),
        PublishPost(author="bob", text="Hello", item="p1", audience=Audience.CONNECTIONS),
        PublishArticle(author="bob", title="Hello", body="Hello", item="p1"),
    ):
        assert world.answer(other) == "item_exists"
    world.do(DeletePost(author="bob", item="p1"))
    assert world.answer(PublishPost(author="bob", text="Hello", item="p1")) == "item_exists"


def test_h18_the_audience_is_fixed_when_an_item_is_published() -> None:
    """Who is in it is asked at the time of reading; the audience itself has no command that changes it."""
    wider = PublishPost(author="bob", text="Hello", item="p1", audience=Audience.ANYONE)
    given_members(post(audience="connections")).when(wider).refused("item_exists")


# Sharing


def test_f11_sharing_a_share_shares_its_original() -> None:
    given_members(post(), shared("s1", "cy")).when(share("s1")).then(shared("id-1", "ada"))


def test_f11_what_is_deleted_or_never_was_cannot_be_shared() -> None:
    given_members().when(share("p1")).refused("not_available")
    given_members(post(), deleted("p1", "bob")).when(share("p1")).refused("not_available")
    history = (post(), shared("s1", "cy"))
    given_members(*history, deleted("p1", "bob")).when(share("s1")).refused("not_available")
    given_members(*history, deleted("s1", "cy", "share", "p1")).when(share("s1")).refused("not_available")
    given_members(*history, deleted("s1", "cy", "share", "p1")).when(share("p1")).then(shared("id-1", "ada"))


@pytest.mark.parametrize("actor", ["bob", "cy"])
@pytest.mark.parametrize("item", ["p1", "s1"])
def test_f11_what_the_sharer_may_not_see_cannot_be_shared(actor: str, item: str) -> None:
    """Of a share, neither the author nor the sharer may be hidden or in a block with the one who shares it on."""
    hidden: list[Event] = [
        MemberHibernated(member=actor),
        MemberRestricted(member=actor, reason=None),
        MemberErased(member=actor),
        MemberBlocked(blocker=actor, blocked="ada"),
    ]
    concerns = item == "s1" or actor == "bob"
    for event in hidden:
        decided = given_members(post(), shared("s1", "cy"), event).when(share(item))
        if concerns:
            decided.refused("not_available")
        else:
            decided.then(shared("id-1", "ada"))
    decided = given_members(post(), shared("s1", "cy"), MemberBlocked(blocker="ada", blocked=actor)).when(share(item))
    if concerns:
        decided.refused("blocked_by_you")


def test_f2_and_peer_114_an_item_for_connections_cannot_be_shared_and_is_not_seen_by_strangers() -> None:
    private = post(audience="connections")
    given_members(private).when(share()).refused("not_available")
    given_members(private, *connected("ada", "bob")).when(share()).refused("not_shareable")
    given_members(private).when(share(sharer="bob")).refused("not_shareable")


def test_peer_139_sharing_again_is_already_so_until_the_share_is_deleted() -> None:
    world = members(post())
    first = made(world.do(share()).events, PostShared)
    assert not world.do(share()).events
    assert not world.do(share(first.share)).events
    world.do(DeletePost(author="ada", item=first.share))
    assert made(world.do(share()).events, PostShared).share != first.share


def test_f11_a_member_may_share_their_own() -> None:
    given_members(post()).when(share(sharer="bob")).then(shared("id-1", "bob"))


# Deleting


def test_f11_the_author_may_delete_and_the_sharer_the_share() -> None:
    history = (post(), shared("s1", "ada"))
    given_members(*history).when(DeletePost(author="bob", item="p1"), actor="bob").then(deleted("p1", "bob"))
    given_members(*history).when(DeletePost(author="ada", item="s1"), actor="ada").then(
        deleted("s1", "ada", "share", "p1")
    )
    for stranger in ("ada", "cy"):
        given_members(*history).when(DeletePost(author=stranger, item="p1")).refused("not_yours")
        given_members(*history).when(DeletePost(author="bob", item="p1"), actor=stranger).refused("not_yours")
    given_members().when(DeletePost(author="ada", item="p1")).refused("not_available")


def test_f13_of_what_one_may_not_see_no_deletion_tells_that_it_is_there() -> None:
    delete = DeletePost(author="ada", item="p1")
    for history in (
        (post(audience="connections"),),
        (post(), MemberHibernated(member="bob")),
        (post(), MemberBlocked(blocker="bob", blocked="ada")),
        (post(), deleted("p1", "bob")),
        (),
    ):
        given_members(*history).when(delete).refused("not_available")
    given_members(post(), MemberBlocked(blocker="ada", blocked="bob")).when(delete).refused("blocked_by_you")
    given_members(*connected("ada", "bob"), post(audience="connections")).when(delete).refused("not_yours")


def test_f11_and_x19_a_moderator_may_delete_also_what_a_hidden_member_published() -> None:
    history = (policy(moderators=["mia"]), post(), MemberRestricted(member="bob", reason=None))
    given_members(*history).when(DeletePost(author="bob", item="p1"), actor="mia").then(deleted("p1", "bob"))
    given_members(*history).when(DeletePost(author="bob", item="p1"), actor="bob").refused("inactive")


def test_peer_119_deleting_twice_is_harmless() -> None:
    given_members(post(), deleted("p1", "bob")).when(DeletePost(author="bob", item="p1")).then_already_so()


def test_t3_an_article_stands_until_it_is_deleted() -> None:
    world = members()
    world.do(PublishArticle(author="bob", title="Rivers", body="They flow.", item="a1"))
    assert world.facts().read(STANDING_ARTICLES, "bob") == {"a1"}
    world.do(DeletePost(author="bob", item="a1"))
    assert world.facts().read(STANDING_ARTICLES, "bob") == set()


# The fraction of F4


def test_f4_the_fraction_is_the_same_at_every_replay_and_grows_with_itself() -> None:
    """The values are written down, so that another release or machine cannot choose others."""
    chosen = [viewer for viewer in ("ada", "bob", "cy", "dan", "eve") if falls_within("p1", viewer, 0.5)]
    assert chosen == ["bob", "cy", "dan"]
    viewers = [f"m{number}" for number in range(2_000)]
    for item in ("p1", "p2"):
        reached = [{viewer for viewer in viewers if falls_within(item, viewer, part / 4)} for part in range(5)]
        assert [len(each) for each in reached] == pytest.approx([0, 500, 1_000, 1_500, 2_000], abs=80)
        assert all(fewer < more for fewer, more in pairwise(reached))
