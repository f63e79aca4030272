import NIOCore
import Testing

@testable import Serving

@Suite struct AnswerQueueTests {
    private static func part(_ text: String) -> [ByteBuffer] { [ByteBuffer(string: text)] }

    private static func drain(_ queue: inout AnswerQueue) -> [String] {
        var texts: [String] = []
        while let parts = queue.next() { texts.append(parts.map { String(buffer: $0) }.joined()) }
        return texts
    }

    @Test func `responses leave in the order of the requests, however they are finished`() {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            var queue = AnswerQueue()
            let tickets = (0..<3).map { _ in queue.requestStarted() }
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
        var queue = AnswerQueue()
        let first = queue.requestStarted()
        let second = queue.requestStarted()
        queue.finished(second, with: Self.part("b"))
        #expect(Self.drain(&queue) == [])
        #expect(queue.count == 2)
        queue.finished(first, with: Self.part("a"))
        #expect(Self.drain(&queue) == ["a", "b"])
    }

    @Test func `a request without a response holds nothing up`() {
        var queue = AnswerQueue()
        let silent = queue.requestStarted()
        let answered = queue.requestStarted()
        queue.finished(answered, with: Self.part("x"))
        queue.finished(silent, with: nil)
        #expect(Self.drain(&queue) == ["x"])
        #expect(queue.count == 0)
    }

    @Test func `tickets keep counting after the queue was empty`() {
        var queue = AnswerQueue()
        for round in 0..<100 {
            queue.finished(queue.requestStarted(), with: Self.part("\(round)"))
            #expect(Self.drain(&queue) == ["\(round)"])
        }
    }

    @Test func `answering twice is our bug`() async {
        await #expect(processExitsWith: .failure) {
            var queue = AnswerQueue()
            let ticket = queue.requestStarted()
            _ = queue.requestStarted()
            queue.finished(ticket, with: nil)
            queue.finished(ticket, with: nil)
        }
    }
}
