import NIOCore
import Testing

@testable import KafkaServer

@Suite struct ResponseQueueTests {
    private static func part(_ text: String) -> [ByteBuffer] { [ByteBuffer(string: text)] }

    private static func drain(_ queue: inout ResponseQueue) -> [String] {
        var texts: [String] = []
        while let parts = queue.next() { texts.append(parts.map { String(buffer: $0) }.joined()) }
        return texts
    }

    @Test func `responses leave in the order of the requests, however they are finished`() {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            var queue = ResponseQueue()
            let tickets = (0..<3).map { _ in queue.requestArrived() }
            var sent: [String] = []
            for index in order {
                queue.finished(tickets[index], with: Self.part("\(index)"))
                sent += Self.drain(&queue)
            }
            #expect(sent == ["0", "1", "2"], "finished in order \(order)")
            #expect(queue.count == 0)
        }
    }

    @Test func `a response waits for the one before it`() {
        var queue = ResponseQueue()
        let first = queue.requestArrived()
        let second = queue.requestArrived()
        queue.finished(second, with: Self.part("b"))
        #expect(Self.drain(&queue) == [])
        #expect(queue.count == 2)
        queue.finished(first, with: Self.part("a"))
        #expect(Self.drain(&queue) == ["a", "b"])
    }

    @Test func `a request without a response holds nothing up`() {
        var queue = ResponseQueue()
        let silent = queue.requestArrived()
        let answered = queue.requestArrived()
        queue.finished(answered, with: Self.part("x"))
        queue.finished(silent, with: nil)
        #expect(Self.drain(&queue) == ["x"])
        #expect(queue.count == 0)
    }

    @Test func `tickets go on after the queue was empty`() {
        var queue = ResponseQueue()
        for round in 0..<100 {
            queue.finished(queue.requestArrived(), with: Self.part("\(round)"))
            #expect(Self.drain(&queue) == ["\(round)"])
        }
    }

    @Test func `answering twice is our bug`() async {
        await #expect(processExitsWith: .failure) {
            var queue = ResponseQueue()
            let ticket = queue.requestArrived()
            _ = queue.requestArrived()
            queue.finished(ticket, with: nil)
            queue.finished(ticket, with: nil)
        }
    }
}
