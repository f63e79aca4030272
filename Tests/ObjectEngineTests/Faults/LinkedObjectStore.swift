import LogObjects
import NIOCore
import ObjectStore
import Synchronization

/// The object store as a broker reaches it over its link.
final class LinkedObjectStore: ObjectStore {
    private let link: BrokerLink

    init(_ link: BrokerLink) { self.link = link }

    private static let lost = ObjectStoreError(.unavailable, "the connection was lost")

    private func reach() async throws(ObjectStoreError) {
        await self.link.waitWhilePaused()
        if self.link.isDead { throw Self.lost }
    }

    func put(_ name: String, _ body: [ByteBuffer], ifAbsent: Bool) async throws(ObjectStoreError) {
        try await self.reach()
        let phase = self.link.state.withLock { $0.phase }
        guard self.link.reaches(FaultPoint.before(put: name, phase)) else { throw Self.lost }
        var whole = ByteBuffer()
        for part in body { whole.writeImmutableBuffer(part) }
        let object = whole
        switch self.link.fate() {
        case .requestLost:
            // The store asks for less, or the write arrives when nobody expects it any more.
            let isLate = self.link.state.withLock { state in
                let isLate = state.random.chance(50)
                if isLate { state.lateWrites.append((name, object)) }
                return isLate
            }
            throw isLate ? Self.lost : ObjectStoreError(.throttled, "slow down")
        case .answerLost:
            try await self.link.objects.put(name, body, ifAbsent: ifAbsent)
            throw Self.lost
        case .carriedOut:
            try await self.link.objects.put(name, body, ifAbsent: ifAbsent)
            self.link.state.withLock { state in
                if state.random.chance(20) { state.lateWrites.append((name, object)) }
            }
        }
        if FlushObjectName(name) != nil, !self.link.reaches(.putSent) { throw Self.lost }
    }

    func get(_ name: String, range: Range<Int>?) async throws(ObjectStoreError) -> ByteBuffer {
        try await self.reach()
        return try await self.link.objects.get(name, range: range)
    }

    func size(of name: String) async throws(ObjectStoreError) -> Int? {
        try await self.reach()
        return try await self.link.objects.size(of: name)
    }

    func delete(_ names: [String]) async throws(ObjectStoreError) {
        try await self.reach()
        try await self.link.objects.delete(names)
        let phase = self.link.state.withLock { $0.phase }
        if phase == .garbage, !self.link.reaches(.garbageDeleted) { throw Self.lost }
    }

    func list(prefix: String, after: String) async throws(ObjectStoreError) -> ObjectPage {
        try await self.reach()
        return try await self.link.objects.list(prefix: prefix, after: after)
    }

    func beginUpload(_ name: String) async throws(ObjectStoreError) -> ObjectUpload {
        try await self.reach()
        return try await self.link.objects.beginUpload(name)
    }

    func putPart(
        _ upload: ObjectUpload,
        number: Int,
        _ body: [ByteBuffer]
    ) async throws(ObjectStoreError) -> ObjectPart {
        try await self.reach()
        return try await self.link.objects.putPart(upload, number: number, body)
    }

    func completeUpload(_ upload: ObjectUpload, _ parts: [ObjectPart]) async throws(ObjectStoreError) {
        try await self.reach()
        try await self.link.objects.completeUpload(upload, parts)
    }

    func abortUpload(_ upload: ObjectUpload) async throws(ObjectStoreError) {
        try await self.reach()
        try await self.link.objects.abortUpload(upload)
    }
}
