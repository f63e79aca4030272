package import NIOCore

/// A store whose calls are repeated while that may help.
///
/// After an undecided attempt a conditional write may find the object of that attempt: it then fails with
/// `.preconditionFailed` as for any other, and who owns the name knows whose it is.
package struct RetryingObjectStore<Base: ObjectStore>: ObjectStore {
    private let base: Base
    private let schedule: RetrySchedule
    private let random: @Sendable () -> UInt64

    package init(_ base: Base, schedule: RetrySchedule = RetrySchedule(), random: @escaping @Sendable () -> UInt64) {
        self.base = base
        self.schedule = schedule
        self.random = random
    }

    private func repeating<Value: Sendable>(
        _ call: @Sendable () async throws(ObjectStoreError) -> Value
    ) async throws(ObjectStoreError) -> Value {
        let began = ContinuousClock.now
        var attemptCount = 0
        while true {
            do throws(ObjectStoreError) {
                return try await call()
            } catch {
                attemptCount += 1
                let pause = self.schedule.pause(
                    afterAttempt: attemptCount,
                    elapsed: ContinuousClock.now - began,
                    error: error,
                    random: self.random()
                )
                guard let pause else { throw error }
                do {
                    try await Task.sleep(for: pause)
                } catch let cancellation {
                    throw ObjectStoreError(error.code, "\(error.message) (\(cancellation))")
                }
            }
        }
    }

    package func put(_ name: String, _ body: [ByteBuffer], ifAbsent: Bool) async throws(ObjectStoreError) {
        try await self.repeating { () async throws(ObjectStoreError) in
            try await self.base.put(name, body, ifAbsent: ifAbsent)
        }
    }

    package func get(_ name: String, range: Range<Int>?) async throws(ObjectStoreError) -> ByteBuffer {
        try await self.repeating { () async throws(ObjectStoreError) in try await self.base.get(name, range: range) }
    }

    package func size(of name: String) async throws(ObjectStoreError) -> Int? {
        try await self.repeating { () async throws(ObjectStoreError) in try await self.base.size(of: name) }
    }

    package func delete(_ names: [String]) async throws(ObjectStoreError) {
        try await self.repeating { () async throws(ObjectStoreError) in try await self.base.delete(names) }
    }

    package func list(prefix: String, after: String) async throws(ObjectStoreError) -> ObjectPage {
        try await self.repeating { () async throws(ObjectStoreError) in
            try await self.base.list(prefix: prefix, after: after)
        }
    }

    package func beginUpload(_ name: String) async throws(ObjectStoreError) -> ObjectUpload {
        try await self.repeating { () async throws(ObjectStoreError) in try await self.base.beginUpload(name) }
    }

    package func putPart(
        _ upload: ObjectUpload,
        number: Int,
        _ body: [ByteBuffer]
    ) async throws(ObjectStoreError) -> ObjectPart {
        try await self.repeating { () async throws(ObjectStoreError) in
            try await self.base.putPart(upload, number: number, body)
        }
    }

    package func completeUpload(_ upload: ObjectUpload, _ parts: [ObjectPart]) async throws(ObjectStoreError) {
        do throws(ObjectStoreError) {
            try await self.repeating { () async throws(ObjectStoreError) in
                try await self.base.completeUpload(upload, parts)
            }
        } catch {
            // An attempt whose answer was lost has completed it, and the upload is gone.
            guard error.code == .notFound, try await self.size(of: upload.name) != nil else { throw error }
        }
    }

    package func abortUpload(_ upload: ObjectUpload) async throws(ObjectStoreError) {
        try await self.repeating { () async throws(ObjectStoreError) in try await self.base.abortUpload(upload) }
    }
}
