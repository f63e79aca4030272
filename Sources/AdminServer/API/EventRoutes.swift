internal import Broker
internal import NIOCore
internal import Text

/// `GET /api/v1/events`: the overview each second, as long as the client wants it.
struct EventRoutes: Sendable {
    private static let interval = TimeAmount.seconds(1)
    /// After how long a browser comes back when the connection ends.
    static let retryMilliseconds = 2000

    private let views: BrokerViews

    init(_ views: BrokerViews) { self.views = views }

    func routes(_ make: APIRoute) -> [AdminRoute] {
        let views = self.views
        return [
            make.read(
                "/api/v1/events",
                RouteDocumentation(
                    "streamEvents",
                    "Server-sent events: the overview each second, as the event `overview`.",
                    success: .init(nil)
                )
            ) { _ in
                .stream(EventText.contentType) { writer in
                    var text = EventText()
                    text.retry(milliseconds: Self.retryMilliseconds)
                    while true {
                        if let overview = try? await views.overview() {
                            var json = JSONLine()
                            OverviewView.shape.write(overview, to: &json)
                            text.event("overview", data: json.bytes)
                        } else {
                            text.heartbeat()
                        }
                        guard await writer.write(text.take()) else { return }
                        _ = await writer.pause(for: Self.interval)
                        if writer.isEnded { return }
                    }
                }
            }
        ]
    }
}
