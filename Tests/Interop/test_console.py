"""The console in a real browser: every page with real data, what follows the server, keyboard, narrow, dark, without scripts,
and content that would like to be more than text. Pictures of the pages are in build/screenshots for people to look at."""

import json
import os
import shutil
import time
import urllib.parse

import pytest
from confluent_kafka import Consumer, TopicPartition

from harness import clients
from harness.server import Server

if not (shutil.which("chromium") and shutil.which("chromedriver")):
    assert not os.environ.get("CI"), "scripts/setup-debian --tests installs chromium and chromium-driver"
    pytest.skip("there is no Chromium here: scripts/setup-debian --tests installs it", allow_module_level=True)

from harness.browser import Browser  # noqa: E402

HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>\x1b[31m\u202e&amp;"\''
GROUP = "billing/nightly <b>"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    directory = tmp_path_factory.mktemp("console")
    with Server(directory / "data", {"group.initial.rebalance.delay.ms": 0}, log_path=directory / "server.log") as running:
        fill(running)
        yield running
        assert running.stop() == 0


def fill(server):
    """What a small installation has, some of it unfriendly."""
    clients.create_topic(server, "clicks", partitions=3)
    for index in range(25):
        clients.create_topic(server, f"orders.region-{index:02}", partitions=1 + index % 3)
    clients.produce_all(server, "clicks", [
        (f"user-{index}".encode(), json.dumps({"user": index, "total": index * 10, "id": 9007199254740993}).encode())
        for index in range(40)] + [(HOSTILE.encode(), HOSTILE.encode()), (b"\xff", b"\xff\xfe\x00invalid"),
                                   (b"large", b"x" * 950_000), (b"tombstone", None)])
    boto = clients.kinesis(server)
    clients.create_stream(server, "sensors", shards=2, client=boto)
    for index in range(20):
        boto.put_record(StreamName="sensors", PartitionKey=f"sensor-{index}", Data=f'{{"t": {index}}}'.encode())
    shard = clients.list_shards(boto, "sensors")[0]
    begin, end = (int(shard["HashKeyRange"][key]) for key in ("StartingHashKey", "EndingHashKey"))
    boto.split_shard(StreamName="sensors", ShardToSplit=shard["ShardId"], NewStartingHashKey=str((begin + end) // 2))
    clients.wait_until(lambda: boto.describe_stream_summary(StreamName="sensors")["StreamDescriptionSummary"][
        "StreamStatus"] == "ACTIVE", what="the split")
    arn = boto.describe_stream_summary(StreamName="sensors")["StreamDescriptionSummary"]["StreamARN"]
    boto.register_stream_consumer(StreamARN=arn, ConsumerName="dashboard")
    for group, offset in ((GROUP, 5), ("archive", 0)):
        consumer = Consumer({"bootstrap.servers": server.kafka, "group.id": group, "enable.auto.commit": False})
        consumer.commit(offsets=[TopicPartition("clicks", number, offset) for number in range(3)], asynchronous=False)
        consumer.close()


@pytest.fixture(scope="module")
def window(server):
    browser = Browser(f"http://{server.admin}")
    yield browser
    browser.close()


@pytest.fixture
def page(window):
    """The window as it is for who has just come: no login, wide, light, with scripts."""
    window.scripts(True).narrow(False).dark(False)
    window.open("/login")
    window.driver.delete_all_cookies()
    window.run("localStorage.clear(); sessionStorage.clear()")
    window.complaints()
    return window


def log_in(page, server):
    token = (server.data_dir / "admin.token").read_text().split("\n")[1]
    page.open("/login?next=" + urllib.parse.quote("/topics"))
    page.find("input[name=token]").send_keys(token)
    page.find("input[name=token]").submit()
    page.until(lambda page: page.path == "/topics", "the login to lead on")
    return page


GROUP_PATH = "/group?id=" + urllib.parse.quote(GROUP, safe="")
# Path, a word of what it shows, a name for its picture.
READABLE = [
    ("/", "Furthest behind", "overview"), ("/alarms", "Since the start", "alarms"), ("/topics", "clicks", "topics"), ("/topics/clicks", "Partitions", "topic"),
    ("/topics/sensors/shards", "shardId-000000000003", "shards"), ("/topics/clicks/settings", "retention.ms", "topic-settings"),
    ("/groups", "archive", "groups"), (GROUP_PATH, "Records behind", "group"), ("/readers", "dashboard", "readers"),
    ("/clients", "Connections", "clients"), ("/settings?search=log.retention", "log.retention.ms", "settings"),
    ("/cost?", "Kinesis, provisioned", "cost"), ("/connect", "boto3", "connect"), ("/login", "Password", "login"),
]


def test_every_page_can_be_read_and_used(page, server):
    for path, word, name in READABLE:
        page.open(path)
        assert word in page.text, path
        page.picture(name)
        assert page.defects() == [], path
        assert page.complaints() == [], path
    log_in(page, server)
    for path, word, name in [("/access", "Roles", "access"),
                             (GROUP_PATH, "Set it elsewhere", "group-changes"), ("/topics", "Create a topic", "topics-changes")]:
        page.open(path)
        assert word in page.text, path
        page.picture(name)
        assert page.defects() == [], path
        assert page.complaints() == [], path


def test_pages_are_whole_on_a_narrow_screen_and_in_the_dark(page):
    page.narrow().dark()
    for path, word, name in READABLE:
        page.open(path)
        assert word in page.text, path
        page.picture(f"narrow-{name}")
        assert page.defects() == [], path


def test_pages_are_read_without_scripts(page):
    page.scripts(False)
    for path, word, _ in READABLE:
        page.open(path)
        assert word in page.text, path
    page.picture("no-script-login")
    page.open("/topics")
    page.find("input[type=search]").send_keys("region-1")
    page.find("form[role=search] button").click()
    page.until(lambda page: "search=region-1" in page.path)
    assert "orders.region-11" in page.text and "clicks" not in page.find("main").text
    page.open("/topics?limit=10&sort=-name")
    first = page.find("main tbody th").text
    page.find("a[rel=next]").click()
    page.until(lambda page: "cursor=" in page.path)
    assert page.find("main tbody th").text < first
    page.find("thead a").click()
    page.until(lambda page: page.path.endswith("sort=name"))


def test_what_is_shown_follows_the_server(page, server):
    page.open("/topics/clicks")
    before = page.find(".tile dd").text
    clients.produce_all(server, "clicks", [(str(number).encode(), b"more") for number in range(17)])
    page.until(lambda page: page.find(".tile dd").text == str(int(before) + 17), "the new records to be counted")
    page.find("[data-live-toggle]").click()
    clients.produce_all(server, "clicks", [(b"k", b"more")])
    page.run("return document.querySelector('mr-live').refresh()")
    assert page.find(".tile dd").text == str(int(before) + 17)
    page.find("[data-live-toggle]").click()
    page.until(lambda page: page.find(".tile dd").text == str(int(before) + 18), "the page to resume")
    assert page.complaints() == []


def test_the_keyboard_is_enough(page):
    page.open("/")
    body = page.find("body")
    page.driver.switch_to.active_element.send_keys("\ue004")  # Tab
    assert page.run("return document.activeElement.className") == "skip"
    body.send_keys("gt")
    page.until(lambda page: page.path == "/topics", "g t to lead to the topics")
    page.find("body").send_keys("/")
    active = page.driver.switch_to.active_element
    assert active.get_attribute("name") == "search"
    active.send_keys("click\n")
    page.until(lambda page: "search=click" in page.path)
    page.find("body").send_keys("?")
    page.until(lambda page: page.find("dialog").is_displayed())
    page.driver.switch_to.active_element.send_keys("\ue00c")  # Escape
    page.until(lambda page: not page.all("dialog"))
    # Where the focus is can be seen.
    page.run("document.querySelector('main a').focus({ focusVisible: true })")
    assert page.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_theme_is_chosen_and_kept(page):
    page.open("/")
    button = page.find("[data-theme-button]")
    light = page.run("return getComputedStyle(document.documentElement).backgroundColor")
    button.click(), button.click()
    assert button.text == "Theme: dark"
    dark = page.run("return getComputedStyle(document.documentElement).backgroundColor")
    assert dark != light
    page.open("/topics")
    assert page.run("return getComputedStyle(document.documentElement).backgroundColor") == dark


def test_tables_are_sorted_and_shards_marked(page):
    page.open(GROUP_PATH)
    partitions = lambda: [cell.text for cell in page.all("main mr-table tbody td:nth-child(2)")]  # noqa: E731
    assert partitions() == ["0", "1", "2"]
    head = page.all("mr-table thead button")[1]
    head.click(), head.click()
    assert partitions() == ["2", "1", "0"]
    assert page.all("mr-table thead th")[1].get_attribute("aria-sort") == "descending"
    page.until(lambda page: int(page.find("mr-live").get_attribute("data-refreshed") or 0) > 0, "a refresh")
    assert partitions() == ["2", "1", "0"], "the order stays when rows are refreshed"
    page.open("/topics/sensors/shards")
    assert len(page.all(".ring path")) == 3 and len(page.all(".lineage rect")) == 4


def test_a_login_opens_what_a_stranger_may_not_see(page, server):
    page.open("/access")
    assert page.path == "/login?next=%2Faccess"
    page.find("input[name=token]").send_keys("mra_wrong")
    page.find("input[name=token]").submit()
    page.until(lambda page: "wrong" in page.text, "the refusal to be said")
    log_in(page, server)
    page.open("/access")
    user = "kim" + str(time.time_ns())
    form = page.find("form[data-api^='PUT']")
    form.find_element("name", "user").send_keys(user)
    form.find_element("css selector", "button").click()
    page.until(lambda page: user in page.find("table").text, "the new role")
    page.until(lambda page: page.run("return document.readyState") == "complete")
    form = page.find("form[data-api='POST /api/v1/access-keys']")
    form.find_element("name", "user").send_keys(user)
    form.find_element("css selector", "button").click()
    page.until(lambda page: "secret, shown once" in page.text, "the new key")
    page.find("[data-logout]").click()
    page.until(lambda page: page.path == "/login")
    page.open("/access")
    assert page.path.startswith("/login")


def test_a_group_is_set_elsewhere_after_a_look_at_what_would_change(page, server):
    log_in(page, server)
    page.open(GROUP_PATH)
    form = page.find("form[data-seek]")
    for choice in form.find_elements("css selector", "select[name=to] option"):
        if choice.get_attribute("value") == "shift":
            choice.click()
    form.find_element("name", "value").send_keys("-2")
    form.find_element("css selector", "button").click()
    page.until(lambda page: len(page.all("#seek-preview tbody tr")) == 3, "the preview")
    assert [cell.text for cell in page.all("#seek-preview tbody tr:first-child td")] == ["0", "5", "3", "−2"]
    page.picture("group-seek")
    page.find("#seek-preview button").click()
    page.until(lambda page: page.all("main mr-table tbody td:nth-child(3)")[0].text == "3", "the new offset")
    assert page.complaints() == []


def test_settings_are_changed_after_a_look_at_the_difference(page, server):
    log_in(page, server)
    page.open("/topics/clicks/settings")
    row = "#setting-" + "retention.ms".replace(".", "\\.")
    page.find(f"{row} [data-change]").click()
    field = page.find(f"{row} input")
    field.clear()
    field.send_keys("-7")
    page.find("[data-settings] button.primary").click()
    page.until(lambda page: page.find("dialog output.bad").text, "the server to refuse it")
    page.find("dialog button:not(.primary)").click()
    field.clear()
    field.send_keys("86400000")
    page.find("[data-settings] button.primary").click()
    page.until(lambda page: page.find("dialog output.good").text, "the server to take it")
    assert page.find("dialog del").text.endswith("604800000") and page.find("dialog ins").text.endswith("86400000")
    page.picture("settings-difference", whole=False)
    page.find("dialog button.primary").click()
    page.until(lambda page: "set for the topic" in page.find(row).text, "the setting to be the topic's")


def test_properties_of_the_broker_are_changed_the_same_way(page, server):
    log_in(page, server)
    page.open("/settings?search=alarms.group")
    row = "tr[data-setting='alarms.group.lag.seconds']"
    page.find(f"{row} [data-change]").click()
    field = page.find(f"{row} input")
    field.clear()
    field.send_keys("900")
    page.find("[data-settings] button.primary").click()
    page.until(lambda page: page.find("dialog output.good").text, "the server to take it")
    page.find("dialog button.primary").click()
    page.until(lambda page: "set for this broker" in page.find(row).text and "900" in page.find(row).text, "the new setting")
    assert page.complaints() == []


def test_a_stream_is_split_and_a_topic_created_and_deleted(page, server):
    log_in(page, server)
    page.open("/topics")
    page.find("form[data-api] input[name=name]").send_keys("made-here")
    page.find("form[data-api] button").click()
    page.until(lambda page: page.path == "/topics/made-here", "the new topic's page")
    page.open("/topics/made-here/shards")
    page.run("window.confirm = () => true")
    page.find("form[data-api$=split] button").click()
    page.until(lambda page: len(page.all(".lineage rect")) == 5 and len(page.all(".ring path")) == 4, "the split")
    page.picture("shards-changes")
    assert page.defects() == []
    page.open("/topics/made-here")
    page.run("window.confirm = () => true")
    page.find("form[data-api^=DELETE] button").click()
    page.until(lambda page: page.path == "/topics" and "orders.region-00" in page.text and "made-here" not in page.text,
               "the list without it")


def test_records_are_searched_and_hostile_ones_stay_text(page, server):
    log_in(page, server)
    page.open("/topics/clicks/records?from=start&limit=200")
    assert "(100 %)" in page.find("[data-state]").text
    page.picture("records")
    for summary in page.all("tr.record summary")[:60]:
        page.run("arguments[0].click()", summary)
    assert page.title == "Records of clicks · Millrace", "no script of a record was run"
    assert not page.all("main img") and not page.all("main script")
    shown = page.run("return document.querySelector('main').textContent")
    assert "<img src=x" in shown and "\u241b[31m" in shown and "\u27e8U+202E\u27e9" in shown
    assert "\x1b" not in shown and "\u202e" not in shown
    assert "The beginning of 950" in shown and "//4AaW52YWxpZA==" in shown and "null" in shown
    assert "9007199254740993" in shown, "64 bits are kept"
    assert page.all("tr.record .tree .key"), "JSON is a tree"
    assert page.complaints() == []
    page.narrow()
    page.picture("narrow-records")
    assert page.defects() == []
    page.narrow(False)

    page.open("/topics/clicks/records?" + urllib.parse.urlencode({"from": "start", "filter": "value.total >= 380", "scan": 10000}))
    assert len(page.all("tr.record")) == 2 and "2 hits" in page.find("[data-state]").text
    page.open("/topics/clicks/records?from=start&limit=20")
    seen = {row.get_attribute("id") for row in page.all("tr.record")}
    page.find("a.button[href*=cursor]").click()
    page.until(lambda page: "cursor=" in page.path)
    assert not seen & {row.get_attribute("id") for row in page.all("tr.record")}
    page.open("/topics/clicks/records?filter=value.")
    assert "The filter is wrong" in page.text
    page.scripts(False).open("/topics/clicks/records?from=start&limit=20")
    assert len(page.all("tr.record")) == 20


def test_new_records_are_followed_and_written(page, server):
    log_in(page, server)
    page.open("/topics/orders.region-00/records")
    page.find("[data-follow]").click()
    page.until(lambda page: "Waiting" in page.find("[data-state]").text)
    number = iter(range(1000))

    def arrived(page):
        clients.produce_all(server, "orders.region-00", [(b"k", b"followed \x1b %d" % next(number))])
        return "followed \u241b" in page.find("tbody").text
    page.until(arrived, "a new record")
    page.find("[data-follow]").click()
    page.open("/produce?topic=orders.region-00")
    assert page.defects() == []
    page.picture("produce")
    form = page.find("form[data-produce=one]")
    form.find_element("name", "key").send_keys("by-hand")
    form.find_element("name", "value").send_keys('{"written": "here"}')
    form.find_element("name", "headers").send_keys("source: console")
    form.find_element("css selector", "button").click()
    page.until(lambda page: "Written." in page.text, "the record to be written")
    page.open("/topics/orders.region-00/records?from=-1")
    assert "by-hand" in page.text
    page.find("tr.record summary").click()
    assert "Header source" in page.text
    page.find("[data-resend]").click()
    page.until(lambda page: page.path.startswith("/produce"))
    assert page.find("form[data-produce=one] [name=value]").get_attribute("value") == '{"written": "here"}'
    assert page.complaints() == []


def test_a_session_that_is_over_leads_to_the_login(page, server):
    log_in(page, server)
    cookie = page.driver.get_cookies()[0]
    page.driver.delete_all_cookies()
    page.driver.add_cookie({"name": cookie["name"], "value": cookie["value"][:-4] + "AAAA", "path": "/"})
    page.open("/groups")
    assert page.path == "/login?next=%2Fgroups"
    page.open("/groups")
    assert page.path == "/groups", "the cookie is gone, and this machine may look around"


def test_refusals_are_pages(page):
    for path, text in (("/topics/none", "There is no topic none."), ("/group?id=none", "There is no such group."),
                       ("/topics?sort=colour", "sort is one of")):
        page.open(path)
        assert text in page.text
    page.picture("refusal")
