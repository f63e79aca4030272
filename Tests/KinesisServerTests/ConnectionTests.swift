import Broker
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Serving
import Synchronization
import Testing

@Suite struct ConnectionTests {
    @Test func `an answer echoes the content type and names the request`() throws {
        let reply = try Harness().call("ListStreams", "{}")
        #expect(reply.status == 200)
        #expect(reply.headers.first(name: "content-type") == "application/x-amz-json-1.1")
        #expect(reply.headers.first(name: "x-amzn-RequestId")?.utf8.count == 36)
        #expect(reply.headers.first(name: "x-amz-id-2")?.utf8.count == 96)
        #expect(reply.headers.first(name: "date") == "Tue, 14 Nov 2023 22:13:20 GMT")
        #expect(reply.body == #"{"StreamNames":[],"HasMoreStreams":false,"StreamSummaries":[]}"#)
    }

    @Test func `pipelined requests are answered in order`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        let put = #"{"StreamName":"s","Records":[{"Data":"YQ==","PartitionKey":"k"}]}"#
        let text =
            Harness.request("PutRecords", put) + Harness.request("DescribeStreamSummary", #"{"StreamName":"s"}"#)
            + Harness.request("Nonsense", "{}")
        let replies = Harness.parse(try harness.exchange(text) + harness.received() + harness.received())
        #expect(replies.map(\.status) == [200, 200, 400])
        #expect(replies.first?.body.hasPrefix(#"{"FailedRecordCount":0"#) == true)
        #expect(
            replies.last?.body
                == #"{"__type":"UnknownOperationException","message":"Kinesis_20131202.Nonsense is not served by this server."}"#
        )
    }

    @Test func `a put waits for its durability, and so does what is pipelined behind it`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        let log = try #require(harness.backend.log("s"))
        log.state.withLock { $0.isHolding = true }
        let put = Harness.request("PutRecord", #"{"StreamName":"s","Data":"YQ==","PartitionKey":"k"}"#)
        #expect(try harness.exchange(put + Harness.request("ListStreams", "{}")).isEmpty)
        log.release()
        let replies = Harness.parse(try harness.received() + harness.received())
        #expect(replies.count == 2)
        #expect(replies.first?.body.hasPrefix(#"{"ShardId":"shardId-000000000000","SequenceNumber":"496"#) == true)
    }

    @Test(
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 403), ("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 403),
            ("DELETE /x HTTP/1.1\r\nHost: a\r\n\r\n", 403), ("\u{17}\u{3}\u{1}garbage\r\n\r\n", 400),
        ]
    )
    func `a request without a call gets a sane answer`(_ text: String, _ status: Int) throws {
        let harness = try Harness()
        let answer: String
        do {
            answer = try harness.exchange(text)
        } catch {
            answer = try harness.received()
        }
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
        if status == 400 { #expect(!harness.channel.isActive) }
    }

    @Test func `a body may be announced with Expect, come in pieces and be chunked`() throws {
        let harness = try Harness()
        let head = Harness.request("ListStreams", "", headers: ["Expect: 100-continue"])
            .replacing("Content-Length: 0", with: "Transfer-Encoding: chunked")
        #expect(try harness.exchange(head).hasPrefix("HTTP/1.1 100 "))
        #expect(try harness.exchange("1\r\n{\r\n").isEmpty)
        #expect(try Harness.parse(harness.exchange("1\r\n}\r\n0\r\n\r\n")).first?.status == 200)
    }

    @Test func `a body that is too large is refused before it comes`() throws {
        let harness = try Harness()
        let head = Harness.request("PutRecords", "").replacing("Content-Length: 0", with: "Content-Length: 99999999")
        let reply = try #require(Harness.parse(try harness.exchange(head)).first)
        #expect(reply.status == 413)
        #expect(reply.headers.first(name: "connection") == "close")
    }

    @Test func `missing parts are told in AWS's order`() throws {
        let harness = try Harness()
        func error(_ text: String) throws -> String {
            let reply = try #require(Harness.parse(try harness.exchange(text)).first)
            return "\(reply.status) \(reply.body)"
        }
        let good = Harness.request("ListStreams", "{}")
        #expect(
            try error(good.replacing("Authorization", with: "X-Other"))
                == #"400 {"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}"#
        )
        #expect(
            try error(Harness.request("ListStreams", "nonsense")) == #"400 {"__type":"SerializationException"}"#
        )
        #expect(try error(Harness.request("ListStreams", "")) == #"400 {"__type":"SerializationException"}"#)
        #expect(
            try error(Harness.request("ListStreams", #"{"Limit":"1"}"#)).hasPrefix(
                #"400 {"__type":"SerializationException","Message":"class java.lang.String can"#
            )
        )
        #expect(
            try error(good.replacing("x-amz-json-1.1", with: "x-amz-json-1.0"))
                == "404 <UnknownOperationException/>\n"
        )
        #expect(
            try error(good.replacing("X-Amz-Target: Kinesis", with: "X-Amz-Target: Nonsense"))
                .hasPrefix(#"400 {"__type":"UnknownOperationException","message":"Nonsense"#)
        )
    }

    @Test func `a browser may call from any site, and is told what it may send`() throws {
        let harness = try Harness()
        let asked = "x-amz-target, authorization,Content-Type"
        let preflight =
            "OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: https://example.org\r\nAccess-Control-Request-Method: POST\r\n"
            + "Access-Control-Request-Headers: \(asked)\r\n\r\n"
        let allowed = try #require(Harness.parse(try harness.exchange(preflight)).first)
        #expect(allowed.status == 200 && allowed.body.isEmpty)
        #expect(allowed.headers.first(name: "access-control-allow-origin") == "*")
        #expect(allowed.headers.first(name: "access-control-allow-headers") == asked)
        #expect(allowed.headers.first(name: "access-control-allow-methods") == "POST")
        #expect(allowed.headers.first(name: "access-control-max-age") == "172800")
        let request = Harness.request("ListStreams", "{}", headers: ["Origin: https://example.org"])
        let answered = try #require(Harness.parse(try harness.exchange(request)).first)
        #expect(answered.status == 200)
        #expect(answered.headers.first(name: "access-control-allow-origin") == "*")
        #expect(answered.headers.first(name: "access-control-expose-headers")?.contains("x-amzn-RequestId") == true)
        let refused = Harness.request("Nonsense", "{}", headers: ["Origin: null"])
        #expect(try harness.exchange(refused).contains("Access-Control-Allow-Origin: *"))
        let plain = try harness.exchange(Harness.request("ListStreams", "{}"))
        #expect(!plain.contains("Access-Control"))
        let long = preflight.replacing(asked, with: String(repeating: "a", count: 2000))
        #expect(try harness.exchange(long).contains("Access-Control-Allow-Headers: authorization,"))
    }

    @Test func `connection close is honoured`() throws {
        let harness = try Harness()
        let answer = try harness.exchange(Harness.request("ListStreams", "{}", headers: ["Connection: close"]))
        #expect(Harness.parse(answer).first?.status == 200)
        #expect(!harness.channel.isActive)
    }

    @Test func `an idle connection is closed, a busy one is not`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        let log = try #require(harness.backend.log("s"))
        log.state.withLock { $0.isHolding = true }
        _ = try harness.exchange(
            Harness.request("PutRecord", #"{"StreamName":"s","Data":"YQ==","PartitionKey":"k"}"#)
        )
        harness.channel.embeddedEventLoop.advanceTime(by: .seconds(150))
        #expect(harness.channel.isActive)
        log.release()
        #expect(Harness.parse(try harness.received()).count == 1)
        harness.channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        #expect(harness.channel.isActive)
        harness.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!harness.channel.isActive)
    }

    /// More than a mebibyte in the stream, and a request for it: more chunks than are sent in one turn.
    private func longRead(_ harness: Harness) throws -> String {
        try harness.createStream("s")
        let data = String(repeating: "AAAA", count: 1 << 15)
        for _ in 0..<12 {
            _ = try harness.succeed("PutRecord", #"{"StreamName":"s","Data":"\#(data)","PartitionKey":"k"}"#)
        }
        let iterator = try harness.succeed(
            "GetShardIterator",
            #"{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"}"#
        )["ShardIterator"].text
        return Harness.request("GetRecords", #"{"ShardIterator":"\#(iterator)"}"#)
    }

    private func setWritable(_ isWritable: Bool, _ harness: Harness) {
        harness.channel.isWritable = isWritable
        harness.channel.pipeline.fireChannelWritabilityChanged()
    }

    @Test func `a long answer is sent as the client takes it, and the next one after it`() throws {
        let harness = try Harness()
        let request = try self.longRead(harness)
        let once = try harness.exchange(request)
        let whole = try #require(Harness.parse(once).first)
        #expect(whole.body.ranges(of: "SequenceNumber").count == 12)
        #expect(harness.backend.memory.heldBytes == 0)
        let twice = Harness.parse(try harness.exchange(request + request) + harness.received())
        #expect(twice.map(\.body.utf8.count) == [whole.body.utf8.count, whole.body.utf8.count])

        var answer = ""
        var turns = 0
        try harness.channel.pipeline.syncOperations.addHandler(FullSocket(), position: .first)
        try harness.channel.writeInbound(ByteBuffer(string: request + Harness.request("ListStreams", "{}")))
        while true {
            let more = try harness.received()
            if more.isEmpty { break }
            answer += more
            turns += 1
            let isOver = answer.contains("StreamNames")
            #expect(isOver || answer.utf8.count < once.utf8.count + 1)
            if !isOver, answer.utf8.count < once.utf8.count - (1 << 18) {
                #expect(harness.backend.memory.heldBytes > 1 << 18)
            }
            self.setWritable(true, harness)
        }
        #expect(turns > 3)
        let replies = Harness.parse(answer)
        #expect(replies.count == 2)
        #expect(replies.first?.body.prefix(1000) == whole.body.prefix(1000))
        #expect(replies.first?.body.utf8.count == whole.body.utf8.count)
        #expect(replies.last?.body.contains("StreamNames") == true)
        #expect(harness.backend.memory.heldBytes == 0)
    }

    @Test func `a request is not begun while the socket is full`() throws {
        let harness = try Harness()
        self.setWritable(false, harness)
        #expect(try harness.exchange(Harness.request("ListStreams", "{}")).isEmpty)
        self.setWritable(true, harness)
        #expect(Harness.parse(try harness.received()).map(\.status) == [200])
    }

    @Test func `a client that goes away, or takes nothing, in the middle of an answer leaves nothing behind`() throws {
        for isIdle in [false, true] {
            let harness = try Harness()
            let request = try self.longRead(harness)
            try harness.channel.pipeline.syncOperations.addHandler(FullSocket(), position: .first)
            let begun = try harness.exchange(request)
            #expect(begun.hasPrefix("HTTP/1.1 200 "))
            #expect(harness.backend.memory.heldBytes > 0)
            if isIdle {
                harness.channel.embeddedEventLoop.advanceTime(by: .seconds(60))
            } else {
                harness.channel.close(promise: nil)
            }
            #expect(!harness.channel.isActive)
            self.setWritable(true, harness)
            #expect(try harness.received().isEmpty)
            #expect(harness.backend.memory.heldBytes == 0)
        }
    }

    @Test func `bytes that are not HTTP are refused after the answer to what came before it`() throws {
        let harness = try Harness()
        try harness.createStream("s")
        let log = try #require(harness.backend.log("s"))
        log.state.withLock { $0.isHolding = true }
        let put = Harness.request("PutRecord", #"{"StreamName":"s","Data":"YQ==","PartitionKey":"k"}"#)
        _ = try? harness.exchange(put + "\u{16}\u{3}\u{1}garbage\r\n\r\n")
        #expect(harness.channel.isActive)
        log.release()
        let answer = try harness.received()
        #expect(Harness.parse(answer).map(\.status) == [200, 400])
        #expect(!harness.channel.isActive)
    }

    @Test func `a connection ends with the server: at once, or after the answer under way`() throws {
        let idle = try Harness()
        idle.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(!idle.channel.isActive)

        let waiting = try Harness()
        try waiting.createStream("s")
        let log = try #require(waiting.backend.log("s"))
        log.state.withLock { $0.isHolding = true }
        let put = Harness.request("PutRecord", #"{"StreamName":"s","Data":"YQ==","PartitionKey":"k"}"#)
        _ = try waiting.exchange(put + put)
        waiting.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        #expect(waiting.channel.isActive)
        log.release()
        let replies = Harness.parse(try waiting.received())
        #expect(replies.count == 1)
        #expect(replies.first?.headers.first(name: "connection") == "close")
        #expect(!waiting.channel.isActive)

        let sending = try Harness()
        let request = try self.longRead(sending)
        try sending.channel.pipeline.syncOperations.addHandler(FullSocket(), position: .first)
        var answer = try sending.exchange(request)
        sending.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        while sending.channel.isActive {
            self.setWritable(true, sending)
            answer += try sending.received()
        }
        let reply = try #require(Harness.parse(answer).first)
        #expect(reply.headers.first(name: "content-length") == "\(reply.body.utf8.count)")
    }

    @Test func `HTTP 1 0 is answered in kind, and HEAD without a body`() throws {
        let harness = try Harness()
        let old = Harness.request("ListStreams", "{}").replacing("HTTP/1.1", with: "HTTP/1.0")
        let answer = try harness.exchange(old)
        #expect(answer.hasPrefix("HTTP/1.0 200 OK\r\n"))
        #expect(answer.contains("\r\nConnection: close\r\n"))
        #expect(!harness.channel.isActive)
        let head = try Harness().exchange("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(head.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
        #expect(head.hasSuffix("\r\n\r\n"))
        #expect(!head.contains("Content-Length: 0"))
    }
}

/// A socket that takes one write, and no more until somebody says so.
private final class FullSocket: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        (context.channel as? EmbeddedChannel)?.isWritable = false
        context.write(data, promise: promise)
    }
}
