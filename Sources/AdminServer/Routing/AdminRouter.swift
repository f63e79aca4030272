/// Finds the route of a request. A value: it is made once, at the start, and shared by all connections.
///
/// Paths are compared segment by segment after each was percent-decoded once, so that `%2e%2e` and `%2F` are part of a
/// name and never of the structure. Empty segments, `.` and `..` are in no route.
package struct AdminRouter: Sendable {
    package enum Resolution: Sendable {
        case found(AdminRoute, path: String, parameters: [String: String])
        /// There are routes of this path, with other methods: the value of `Allow`.
        case methodNotAllowed(allow: String)
        case notFound
    }

    private struct Entry {
        var segments: [String]
        var route: AdminRoute
    }

    private static let pathBytesMax = 2048
    private static let segmentsMax = 16

    private var entries: [Entry] = []

    package init(_ routes: [AdminRoute] = []) {
        for route in routes { self.add(route) }
    }

    /// Two routes of one method and one shape are a mistake of ours.
    package mutating func add(_ route: AdminRoute) {
        let segments = route.pattern.split(separator: "/").map(String.init)
        let shape = segments.map { Self.isParameter($0) ? "{}" : $0 }
        precondition(
            !self.entries.contains { entry in
                entry.route.method == route.method
                    && entry.segments.map { Self.isParameter($0) ? "{}" : $0 } == shape
            },
            "the route \(route.method.rawValue) \(route.pattern) is there twice"
        )
        self.entries.append(Entry(segments: segments, route: route))
    }

    /// Paths of all routes, in the order in which they were added.
    package var patterns: [String] {
        self.entries.reduce(into: []) { if !$0.contains($1.route.pattern) { $0.append($1.route.pattern) } }
    }

    /// - Parameters:
    ///   - method: as it came; `HEAD` is served by the routes of `GET`.
    ///   - target: the path of the request as it came, without its query.
    package func resolve(method: String, target: Substring) -> Resolution {
        guard target.utf8.count <= Self.pathBytesMax, let segments = Self.segments(of: target) else { return .notFound }
        // A path that is written out goes before one with a name in its place.
        let matches = self.entries.filter { Self.match($0.segments, segments) != nil }
            .sorted { Self.parameterCount($0.segments) < Self.parameterCount($1.segments) }
        guard !matches.isEmpty else { return .notFound }
        let wanted = method == "HEAD" ? "GET" : method
        guard let entry = matches.first(where: { $0.route.method.rawValue == wanted }) else {
            var allowed: [String] = []
            for match in matches where !allowed.contains(match.route.method.rawValue) {
                allowed.append(match.route.method.rawValue)
                if match.route.method == .get { allowed.append("HEAD") }
            }
            return .methodNotAllowed(allow: allowed.joined(separator: ", "))
        }
        return .found(
            entry.route,
            path: "/" + segments.joined(separator: "/"),
            parameters: Self.match(entry.segments, segments) ?? [:]
        )
    }

    private static func isParameter(_ segment: String) -> Bool { segment.hasPrefix("{") && segment.hasSuffix("}") }

    private static func parameterCount(_ segments: [String]) -> Int { segments.count(where: Self.isParameter) }

    private static func match(_ pattern: [String], _ segments: [String]) -> [String: String]? {
        guard pattern.count == segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (expected, segment) in zip(pattern, segments) {
            if Self.isParameter(expected) {
                parameters[String(expected.dropFirst().dropLast())] = segment
            } else if expected != segment {
                return nil
            }
        }
        return parameters
    }

    /// `nil` for what is not a path of ours.
    private static func segments(of target: Substring) -> [String]? {
        guard target.first == "/" else { return nil }
        if target == "/" { return [] }
        var segments: [String] = []
        for part in target.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let segment = PercentEncoding.decoded(part, plusIsSpace: false), !segment.isEmpty, segment != ".",
                segment != "..", segments.count < Self.segmentsMax
            else { return nil }
            segments.append(segment)
        }
        return segments
    }
}
