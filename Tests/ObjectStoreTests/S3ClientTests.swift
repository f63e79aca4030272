import KinesisProtocol
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import ObjectStore

@Suite(.timeLimit(.minutes(20))) struct S3ClientTests {
    private static let schedule = RetrySchedule(
        pauseMin: .milliseconds(1),
        pauseMax: .milliseconds(4),
        timeMax: .seconds(1_200)
    )

    let store: MisbehavingStore
    let settings: S3Settings
    let client: S3Client
    let retrying: RetryingObjectStore<S3Client>

    init() async throws {
        self.store = try await MisbehavingStore.start()
        var settings = S3Settings(
            host: "127.0.0.1",
            port: self.store.port,
            tls: nil,
            bucket: "bucket",
            prefix: "pre/",
            keys: RequestSigner.Keys(accessKeyID: "id", secretAccessKey: "secret")
        )
        // All tests begin at once: an answer may take its time.
        settings.silenceMax = .seconds(20)
        settings.connectionsMax = 4
        self.settings = settings
        self.client = S3Client(settings, group: MultiThreadedEventLoopGroup.singleton, now: { 1_700_000_000_000 })
        self.retrying = RetryingObjectStore(self.client, schedule: Self.schedule, random: { 0 })
    }

    private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) } }

    private func code(_ call: () async throws(ObjectStoreError) -> Void) async -> ObjectStoreError.Code? {
        do throws(ObjectStoreError) {
            try await call()
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `objects are written in parts of memory and read whole and in part`() async throws {
        let bytes = self.bytes(900_000)
        let parts = [ByteBuffer(bytes: bytes[..<10]), ByteBuffer(), ByteBuffer(bytes: bytes[10...])]
        try await self.client.put("a b/ü&", parts)
        #expect(self.store.state.withLock { $0.objects["pre/a b/ü&"] } == bytes)
        #expect(try await self.client.get("a b/ü&", range: nil) == ByteBuffer(bytes: bytes))
        #expect(try await self.client.get("a b/ü&", range: 5..<500_000) == ByteBuffer(bytes: bytes[5..<500_000]))
        #expect(try await self.client.get("a b/ü&", range: 7..<7).readableBytes == 0)
        #expect(try await self.client.size(of: "a b/ü&") == 900_000)
        #expect(try await self.client.size(of: "none") == nil)
        #expect(
            await self.code { () async throws(ObjectStoreError) in _ = try await client.get("none", range: nil) }
                == .notFound
        )
        for range in [899_990..<900_010, 900_000..<900_001] {
            let code = await self.code { () async throws(ObjectStoreError) in
                _ = try await client.get("a b/ü&", range: range)
            }
            #expect(code == .rangeNotSatisfiable)
        }
        self.client.close()
        #expect(await self.code { () async throws(ObjectStoreError) in try await client.put("x", []) } == .closed)
    }

    @Test func `listings are read page by page, and many are deleted at once`() async throws {
        let names = ["l/1", "l/2", "l/3", "l/4", "l/5&", "m"]
        for name in names { try await self.client.put(name, [ByteBuffer(string: name)]) }
        var listed: [String] = []
        var page = ObjectPage(entries: [], hasMore: true)
        while page.hasMore {
            page = try await self.client.list(prefix: "l/", after: listed.last ?? "")
            listed += page.entries.map(\.name)
        }
        #expect(listed == ["l/1", "l/2", "l/3", "l/4", "l/5&"])
        #expect(page.entries.last?.size == 4)
        try await self.client.delete(["l/1", "none", "l/3"])
        #expect(try await self.client.list(prefix: "", after: "").entries.map(\.name) == ["l/2", "l/4", "l/5&"])
        self.client.close()
    }

    @Test func `an object of parts appears when it is completed, also when the answer is lost`() async throws {
        let upload = try await self.retrying.beginUpload("big")
        var parts: [ObjectPart] = []
        for number in 1...3 {
            if number == 2 { self.store.fail(.refuse(503, "SlowDown"), .loseAnswer) }
            let body = [ByteBuffer(repeating: UInt8(number), count: 10)]
            parts.append(try await self.retrying.putPart(upload, number: number, body))
        }
        #expect(try await self.client.size(of: "big") == nil)
        self.store.fail(.loseAnswer)
        try await self.retrying.completeUpload(upload, parts)
        #expect(try await self.client.size(of: "big") == 30)
        try await self.retrying.abortUpload(try await self.client.beginUpload("other"))
        try await self.retrying.abortUpload(upload)
        self.client.close()
    }

    @Test func `what a store does wrong is noticed, and asked again`() async throws {
        let bytes = self.bytes(5_000)
        try await self.client.put("a", [ByteBuffer(bytes: bytes)])
        let faults: [MisbehavingStore.Fault] = [
            .refuse(503, "SlowDown"), .refuse(500, "InternalError"), .loseAnswer, .truncate, .wrongRange,
            .failAfterwards,
        ]
        for fault in faults {
            self.store.fail(fault)
            let code = await self.code { () async throws(ObjectStoreError) in
                _ = try await client.get("a", range: 10..<2_000)
            }
            // An answer that is lost on a connection that was used before is asked for again at once.
            if case .loseAnswer = fault {
                #expect(code == nil)
            } else {
                #expect(code == .throttled || code == .unavailable || code == .truncated, "\(fault)")
            }
            self.store.fail(fault)
            #expect(try await self.retrying.get("a", range: 10..<2_000) == ByteBuffer(bytes: bytes[10..<2_000]))
        }
        self.store.fail(.closeAfterwards)
        for _ in 0..<3 {
            #expect(try await self.client.get("a", range: nil) == ByteBuffer(bytes: bytes))
        }
        self.client.close()
    }

    @Test func `a store that is silent is given up, and asked again`() async throws {
        try await self.client.put("a", [ByteBuffer(string: "x")])
        var settings = self.settings
        settings.silenceMax = .seconds(2)
        let impatient = S3Client(
            settings,
            group: MultiThreadedEventLoopGroup.singleton,
            now: { 1_700_000_000_000 }
        )
        self.store.fail(.silence)
        let code = await self.code { () async throws(ObjectStoreError) in _ = try await impatient.get("a", range: nil) }
        #expect(code == .unavailable)
        self.store.fail(.silence)
        let retrying = RetryingObjectStore(impatient, schedule: Self.schedule, random: { 0 })
        #expect(try await retrying.get("a", range: nil) == ByteBuffer(string: "x"))
        impatient.close()
        self.client.close()
    }

    @Test func `a write is repeated until it is answered, and refused for good when that cannot help`() async throws {
        self.store.fail(.loseAnswer, .failAfterwards, .refuse(503, "SlowDown"))
        try await self.retrying.put("a", [ByteBuffer(string: "x")])
        #expect(self.store.requestCount == 4)
        self.store.fail(.refuse(403, "AccessDenied"))
        let refused = await self.code { () async throws(ObjectStoreError) in try await retrying.put("b", []) }
        #expect(refused == .denied)
        #expect(self.store.requestCount == 5)
        self.client.close()
    }

    @Test func `conditions are probed`() async throws {
        #expect(try await self.client.probeConditions("probe"))
        self.store.state.withLock { $0.keepsConditions = false }
        #expect(try await self.client.probeConditions("probe") == false)
        self.store.fail(.closeAfterwards, .refuse(501, "NotImplemented"))
        #expect(try await self.client.probeConditions("probe") == false)
        self.client.close()
    }

    @Test func `more requests than connections wait their turn`() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask { try await client.put("n/\(number)", [ByteBuffer(repeating: 1, count: number)]) }
            }
            try await group.waitForAll()
        }
        #expect(self.store.state.withLock { $0.objects.count } == 40)
        self.client.close()
    }
}
