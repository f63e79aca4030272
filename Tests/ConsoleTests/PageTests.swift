import Broker
import Metadata
import Model
import NIOCore
import Serving
import Testing

@testable import AdminServer
@testable import Console

/// What pages say, and what they do not do with what clients named.
@Suite struct PageTests {
    private static let hostile = "<img src=x onerror=alert(1)>\u{1B}[2J\u{202E}"
    private static let operatorOfSession = AdminIdentity(user: "olga", role: .operator, proof: .session(id: "1"))
    private static let anonymous = AdminIdentity(user: "ANONYMOUS", role: .viewerWithoutRecords, proof: .none)

    private static func topic(_ name: String, lag: TopicLag? = nil) -> TopicRow {
        TopicRow(
            name: name,
            id: TopicID(high: 1, low: 2),
            isInternal: false,
            isStream: true,
            partitions: 3,
            offlinePartitions: 0,
            openShards: 3,
            mode: "PROVISIONED",
            sizeBytes: 1500,
            records: 12_345,
            retentionMilliseconds: 604_800_000,
            retentionBytes: -1,
            cleanupPolicy: "delete",
            createdAt: 0,
            lag: lag
        )
    }

    private static func group(_ name: String) -> GroupView {
        GroupView(
            row: GroupRow(groupID: name, kind: .classic, state: "Stable", members: 1, nil),
            assignor: "range",
            epoch: nil,
            members: [
                MemberRow(
                    memberID: name,
                    instanceID: nil,
                    clientID: name,
                    clientHost: "/127.0.0.1",
                    subscribedTopics: [],
                    assigned: []
                )
            ],
            offsets: [
                GroupOffsetRow(
                    topic: "t",
                    partition: 0,
                    committed: 5,
                    metadata: name,
                    logStart: 7,
                    end: 10,
                    lagRecords: 3
                )
            ]
        )
    }

    private func page(_ identity: AdminIdentity?, _ write: (inout HTMLWriter) -> Void) -> String {
        PageFrame("Title", in: .topics, for: identity).page(write).string
    }

    @Test func `a page has its head, its navigation and no script or style in it`() {
        let page = page(Self.anonymous) { $0.text("content") }
        #expect(page.hasPrefix("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"))
        #expect(page.contains("<title>Title · Millrace</title>"))
        #expect(page.contains("aria-current=\"page\">Topics</a>"))
        #expect(page.contains("<main id=\"main\" tabindex=\"-1\">content</main>"))
        #expect(page.contains("href=\"/login\">Log in</a>"))
        #expect(!page.contains("style=") && !page.contains("<style") && !page.contains("javascript:"))
        // Two scripts, both of files.
        #expect(page.ranges(of: "<script").count == 2)
        #expect(page.ranges(of: "></script>").count == 2)
    }

    @Test func `what a role cannot open is not offered`() {
        let anonymous = page(Self.anonymous) { _ in }
        #expect(!anonymous.contains("href=\"/access\""))
        let anna = page(AdminIdentity(user: "anna", role: .admin, proof: .session(id: "1"))) { _ in }
        #expect(anna.contains("href=\"/access\"") && anna.contains("Log out"))
    }

    @Test func `changes are offered to operators who logged in`() {
        func topics(changes: Bool) -> String {
            page(Self.operatorOfSession) { html in
                TopicsPage(
                    request: PageRequest(),
                    page: Page(rows: [Self.topic("clicks")], position: 0, matched: 1, total: 1)
                ).write(to: &html, changes: changes)
            }
        }
        #expect(Self.operatorOfSession.changes && !Self.anonymous.changes)
        #expect(!AdminIdentity(user: "ANONYMOUS", role: .admin, proof: .none).changes)
        #expect(topics(changes: true).contains("data-api=\"POST /api/v1/topics\""))
        #expect(!topics(changes: false).contains("data-api"))
    }

    @Test func `a list is sorted and paged by links`() {
        var html = HTMLWriter()
        let lag = TopicLag(groupID: "a/b", records: 7, seconds: 65, status: .behind)
        TopicsPage(
            request: PageRequest(search: "cl", sort: "size", isDescending: true),
            page: Page(rows: [Self.topic("clicks", lag: lag)], position: 0, matched: 9, total: 20, next: .position(1))
        ).write(to: &html, changes: false)
        let text = html.string
        #expect(text.contains("<a href=\"/topics/clicks\">clicks</a>"))
        #expect(text.contains("aria-sort=\"descending\"><a href=\"/topics?search=cl&amp;sort=size\">Size</a>"))
        #expect(text.contains("href=\"/topics?search=cl&amp;sort=-records\">Records</a>"))
        #expect(text.contains("href=\"/group?id=a%2Fb\" title=\"Group a/b\">1\u{A0}min 5\u{A0}s</a>"))
        #expect(text.contains("1–1 of 9 (20 in all)"))
        #expect(text.contains("href=\"/topics?search=cl&amp;sort=-size&amp;cursor=7031\" rel=\"next\""))
        #expect(text.contains("12\u{202F}345") && text.contains("1.5\u{A0}kB") && text.contains("7\u{A0}d"))
    }

    @Test func `hostile names stay text in every page that shows them`() {
        let name = Self.hostile
        let pages: [(inout HTMLWriter) -> Void] = [
            { html in
                TopicsPage(
                    request: PageRequest(search: name),
                    page: Page(rows: [Self.topic(name)], position: 0, matched: 1, total: 1)
                ).write(to: &html, changes: true)
            },
            { html in GroupPage(view: Self.group(name)).write(to: &html, changes: true) },
            { html in
                ClientsPage(
                    request: PageRequest(),
                    page: Page(
                        rows: [ClientRow(address: name, face: name, connections: 1)],
                        position: 0,
                        matched: 1,
                        total: 1
                    )
                ).write(to: &html)
            },
            { html in
                ConnectPage(
                    facts: ConnectFacts(kafka: [], kinesis: [name], needsAccessKey: false, region: name),
                    topic: name
                ).write(to: &html)
            },
            { html in LoginPage(next: name).write(to: &html, Self.anonymous) },
        ]
        for (index, write) in pages.enumerated() {
            var html = HTMLWriter()
            write(&html)
            #expect(!html.string.contains("<img"), "page \(index)")
            #expect(html.string.contains("&lt;img src=x onerror=alert(1)&gt;"), "page \(index)")
            #expect(!html.string.contains("\u{1B}") && !html.string.contains("\u{202E}"), "page \(index)")
        }
    }

    @Test func `a group that lost records says how many`() {
        var html = HTMLWriter()
        GroupPage(view: Self.group("g")).write(to: &html, changes: false)
        #expect(html.string.contains("2 lost to retention"))
        #expect(!html.string.contains("data-seek"))
    }

    @Test func `who has to log in is led there and back`() {
        let answer = RefusalPage.answer(.notLoggedIn, target: "/topics/a?sort=-size")
        #expect(answer.status == 303)
        #expect(answer.headers.first { $0.name == "location" }?.value == "/login?next=%2Ftopics%2Fa%3Fsort%3D-size")
        #expect(RefusalPage.answer(.notAllowed, target: "/access").status == 403)
    }
}

@Suite struct ConsoleAssetsTests {
    @Test func `every asset is served compressed and for ever, under the version's address only`() throws {
        guard case .immediate(let handle) = ConsoleAssets().route.handler else {
            Issue.record("assets are in memory")
            return
        }
        func ask(_ version: String, _ name: String) -> AdminAnswer {
            handle(
                AdminRequest(
                    method: .get,
                    path: "",
                    parameters: ["version": version, "name": name],
                    body: ByteBuffer(),
                    identity: AdminIdentity(user: "ANONYMOUS", role: nil, proof: .none),
                    remote: Endpoint(host: "127.0.0.1", port: 1),
                    isSecure: false
                )
            )
        }
        var bytes = 0
        for asset in EmbeddedAssets.all {
            let answer = ask("\(EmbeddedAssets.version)", "\(asset.name)")
            #expect(answer.status == 200)
            #expect(answer.headers.contains { $0.name == "content-encoding" && $0.value == "gzip" })
            #expect(answer.body.getBytes(at: 0, length: 2) == [0x1F, 0x8B])
            bytes += answer.body.readableBytes
        }
        #expect(bytes <= 60_000)
        #expect(ask("0", "console.css").status == 404)
        #expect(ask("\(EmbeddedAssets.version)", "../main.js").status == 404)
    }
}
