import Metadata
import Testing

@testable import AdminServer

/// Which route a path leads to.
@Suite struct AdminRouterTests {
    private static func route(_ method: AdminMethod, _ pattern: String) -> AdminRoute {
        AdminRoute(method, pattern, access: .open, handler: .immediate { _ in .text(pattern) })
    }

    private static let router = AdminRouter([
        Self.route(.get, "/"), Self.route(.get, "/keys"), Self.route(.post, "/keys"), Self.route(.get, "/keys/{id}"),
        Self.route(.get, "/keys/all"), Self.route(.delete, "/keys/{id}"), Self.route(.post, "/keys/{id}/{action}"),
    ])

    private static func outcome(_ method: String, _ target: String) -> String {
        switch Self.router.resolve(method: method, target: target[...]) {
        case .found(let route, let path, let parameters):
            "\(route.method.rawValue) \(route.pattern) \(path) "
                + parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        case .methodNotAllowed(let allow): "405 \(allow)"
        case .notFound: "404"
        }
    }

    @Test(
        arguments: [
            ("GET", "/", "GET / / "), ("HEAD", "/keys", "GET /keys /keys "), ("POST", "/keys", "POST /keys /keys "),
            ("GET", "/keys/all", "GET /keys/all /keys/all "), ("GET", "/keys/x", "GET /keys/{id} /keys/x id=x"),
            ("GET", "/keys/%61%20b", "GET /keys/{id} /keys/a b id=a b"),
            ("GET", "/keys/a+b", "GET /keys/{id} /keys/a+b id=a+b"),
            ("GET", "/keys/%2E%2e", "404"), ("GET", "/keys/a%2Fb", "GET /keys/{id} /keys/a/b id=a/b"),
            ("GET", "/keys/%252e", "GET /keys/{id} /keys/%2e id=%2e"),
            ("POST", "/keys/k/enable", "POST /keys/{id}/{action} /keys/k/enable action=enable,id=k"),
            ("PUT", "/keys", "405 GET, HEAD, POST"), ("OPTIONS", "/keys/x", "405 GET, HEAD, DELETE"),
            ("DELETE", "/keys/all", "DELETE /keys/{id} /keys/all id=all"), ("TRACE", "/", "405 GET, HEAD"),
        ]
    )
    func `a path leads to its route`(_ method: String, _ target: String, _ outcome: String) {
        #expect(Self.outcome(method, target) == outcome)
    }

    @Test(
        arguments: [
            "", "*", "keys", "//", "/keys/", "//keys", "/./keys", "/keys/..", "/keys/%", "/keys/%4", "/keys/%zz",
            "/keys/%ff", "/keys/%00", "/keys/a%0d%0ab", "/KEYS", "/keys/a/b/c", "http://h/keys",
            "/" + String(repeating: "a/", count: 40) + "a", "/keys/" + String(repeating: "a", count: 3000),
        ]
    )
    func `what is not one of ours is not found`(_ target: String) {
        #expect(Self.outcome("GET", target) == "404")
    }

    @Test func `a route that is there twice is a mistake of ours`() async {
        await #expect(processExitsWith: .failure) {
            _ = AdminRouter([
                AdminRoute(.get, "/a/{x}", access: .open, handler: .immediate { _ in .noContent }),
                AdminRoute(.get, "/a/{y}", access: .open, handler: .immediate { _ in .noContent }),
            ])
        }
    }
}
