internal import AdminServer
internal import NIOCore
internal import Text

/// The style and the modules of the console, compressed as `scripts/generate-console` embedded them.
struct ConsoleAssets: Sendable {
    private let answers: [String: AdminAnswer]

    init() {
        var answers: [String: AdminAnswer] = [:]
        for asset in EmbeddedAssets.all {
            guard let bytes = Base64.decode(Array("\(asset.gzip)".utf8)) else {
                preconditionFailure("the asset \(asset.name) is not base64")
            }
            var answer = AdminAnswer(status: 200, contentType: "\(asset.type)", body: ByteBuffer(bytes: bytes))
            // The address has the version, so that what it leads to never changes.
            answer.headers = [
                ("content-encoding", "gzip"), ("cache-control", "public, max-age=31536000, immutable"),
            ]
            answers["\(asset.name)"] = answer
        }
        self.answers = answers
    }

    static func link(_ name: StaticString) -> Link { Link("/assets") / "\(EmbeddedAssets.version)" / "\(name)" }

    /// Everybody may have them: they are the same in every server.
    var route: AdminRoute {
        AdminRoute(
            .get,
            "/assets/{version}/{name}",
            access: .open,
            handler: .immediate { request in
                guard request.parameters["version"] == "\(EmbeddedAssets.version)",
                    let answer = self.answers[request.parameters["name"] ?? ""]
                else { return .error(404, "not-found", "There is no such asset in this version.") }
                return answer
            }
        )
    }
}
