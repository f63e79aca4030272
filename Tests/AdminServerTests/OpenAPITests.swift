import Broker
import FoundationEssentials
import GroupCoordinator
import KinesisProtocol
import Metadata
import NIOCore
import Serving
import Testing

@testable import AdminServer

/// The description of the API is made from the table of routes: what is in the table is described.
@Suite struct OpenAPITests {
    private struct Nobody: AdminDirectory {
        func role(of user: String) -> AdminRole? { nil }
        func owner(ofToken token: String) -> (user: String, tokenID: String)? { nil }
        func hasToken(id: String) -> Bool { false }
    }

    private static func login() -> [AdminRoute] {
        let clock = AdminClock(now: { 0 }, monotonicMilliseconds: { 0 })
        let authenticator = AdminAuthenticator(users: AdminUsers(directory: Nobody()), seal: SessionSeal())
        return LoginRoutes(authenticator, audit: { _ in }, clock: clock).routes
    }

    private static func paths(_ routes: [AdminRoute]) throws -> [String: [String: Operation]] {
        try JSONDecoder().decode(Document.self, from: Data(OpenAPIDocument(routes).text.utf8)).paths
    }

    private struct Document: Decodable {
        var openapi: String
        var paths: [String: [String: Operation]]
    }

    private struct Operation: Decodable {
        struct Parameter: Decodable {
            var name: String
            var `in`: String
            var required: Bool
        }

        var operationId: String
        var summary: String
        var parameters: [Parameter]
    }

    @Test func `routes under the prefix are described`() {
        for route in Self.login() where route.pattern.hasPrefix(OpenAPIDocument.prefix) {
            #expect(route.documentation != nil, "\(route.method.rawValue) \(route.pattern)")
        }
    }

    @Test func `names in a path and queries are parameters, and the document is JSON`() throws {
        let route = AdminRoute(
            .get,
            "/api/v1/topics/{topic}/things",
            access: .role(.viewer),
            documentation: RouteDocumentation(
                "listThings",
                "Things \"of\" a topic.",
                parameters: [.init("limit", .integer(minimum: 1), "How many.")],
                success: .init(JSONPage.schema(TopicRow.shape))
            ),
            handler: .immediate { _ in .noContent }
        )
        let hidden = AdminRoute(.get, "/health", access: .open, handler: .immediate { _ in .noContent })
        let paths = try Self.paths([route, hidden])
        #expect(paths["/health"] == nil)
        let operation = try #require(paths["/api/v1/topics/{topic}/things"]?["get"])
        #expect(operation.operationId == "listThings" && operation.summary == "Things \"of\" a topic.")
        #expect(operation.parameters.map(\.name) == ["topic", "limit"])
        #expect(operation.parameters.map(\.in) == ["path", "query"])
        #expect(operation.parameters.map(\.required) == [true, false])
        #expect(paths[OpenAPIDocument.path]?["get"] != nil)
    }

    @Test func `an answer has the members that its schema names`() throws {
        let row = ClientRow(address: "192.0.2.1", face: "kafka", connections: 3)
        let page = Page(rows: [row], position: 0, matched: 1, total: 1, next: .after("x"))
        let text = String(buffer: JSONPage.answer(page, ClientRow.shape).body)
        #expect(
            text == #"{"items":[{"address":"192.0.2.1","face":"kafka","connections":3}],"position":0,"matched":1,"#
                + #""total":1,"nextCursor":"6178"}"# + "\n"
        )
    }

    @Test func `an error has a code, a message and a hint`() {
        let problem = APIProblem(BrokerError(.conflict, "Others came first."))
        #expect(problem.answer.status == 409)
        #expect(
            String(buffer: problem.answer.body)
                == #"{"error":{"code":"conflict","message":"Others came first.","hint":"Try again."}}"# + "\n"
        )
        #expect(APIProblem(PageProblem("limit is a number")).status == 400)
        #expect(APIProblem(.nonEmptyGroup, "g").code == "group-active")
    }

    @Test(arguments: [
        ("start", OffsetGoal.start), ("end", .end), ("17", .offset(17)), ("@1700", .timestamp(1700)),
        ("+3", .shift(3)), ("-3", .shift(-3)),
    ])
    func `where to begin is read`(text: String, goal: OffsetGoal) { #expect(OffsetGoal(text) == goal) }

    @Test(arguments: ["", "@", "@-1", "x", "+", "1.5", "99999999999999999999"])
    func `what is not a place to begin is refused`(text: String) { #expect(OffsetGoal(text) == nil) }
}
