package import NIOCore

/// A store of objects with the semantics of S3: an object is written whole, and seen by everybody as soon as the write
/// is answered; it is never changed, only replaced or deleted.
///
/// Every call may be repeated: to write the same bytes under the same name, to delete a name again and to read do no
/// harm. A call that fails with an error that `isUndecided` may have been carried out, also later.
package protocol ObjectStore: Sendable {
    /// Writes an object.
    ///
    /// - Parameters:
    ///   - body: its bytes in parts, which are sent as they are.
    ///   - ifAbsent: fails with `.preconditionFailed` when the name exists. For stores that can (`probeConditions`).
    func put(_ name: String, _ body: [ByteBuffer], ifAbsent: Bool) async throws(ObjectStoreError)

    /// Reads an object, or a part of it.
    ///
    /// - Parameter range: must lie inside the object; `nil` for all of it.
    /// - Returns: exactly what was asked for.
    /// - Throws: `.notFound`, `.rangeNotSatisfiable`, `.truncated` when fewer bytes came than were announced.
    func get(_ name: String, range: Range<Int>?) async throws(ObjectStoreError) -> ByteBuffer

    /// The size of an object in bytes; `nil` when there is none of the name.
    func size(of name: String) async throws(ObjectStoreError) -> Int?

    /// Deletes objects; names that do not exist are ignored.
    ///
    /// - Parameter names: at most `ObjectStoreLimits.deletionsMax`.
    func delete(_ names: [String]) async throws(ObjectStoreError)

    /// Names in byte order, a page at a time.
    ///
    /// - Parameter after: the last name of the page before; empty at the beginning.
    func list(prefix: String, after: String) async throws(ObjectStoreError) -> ObjectPage

    /// Begins an object that is written in parts; it appears when it is completed.
    func beginUpload(_ name: String) async throws(ObjectStoreError) -> ObjectUpload

    /// Writes one part; all but the last have at least `ObjectStoreLimits.partBytesMin`.
    ///
    /// - Parameter number: from 1.
    func putPart(
        _ upload: ObjectUpload,
        number: Int,
        _ body: [ByteBuffer]
    ) async throws(ObjectStoreError) -> ObjectPart

    /// Makes an object of its parts, in their order.
    func completeUpload(_ upload: ObjectUpload, _ parts: [ObjectPart]) async throws(ObjectStoreError)

    /// Forgets an upload and its parts; one that is gone is ignored.
    func abortUpload(_ upload: ObjectUpload) async throws(ObjectStoreError)
}

extension ObjectStore {
    package func put(_ name: String, _ body: [ByteBuffer]) async throws(ObjectStoreError) {
        try await self.put(name, body, ifAbsent: false)
    }
}

/// What S3 and the stores like it take.
package enum ObjectStoreLimits {
    package static let deletionsMax = 1_000
    package static let partBytesMin = 5 << 20
    package static let partsMax = 10_000
    package static let nameBytesMax = 1_024
}

/// One page of a listing.
package struct ObjectPage: Sendable, Equatable {
    package struct Entry: Sendable, Equatable {
        package var name: String
        package var size: Int

        package init(name: String, size: Int) {
            self.name = name
            self.size = size
        }
    }

    package var entries: [Entry]
    package var hasMore: Bool

    package init(entries: [Entry], hasMore: Bool) {
        self.entries = entries
        self.hasMore = hasMore
    }
}

/// An object that is being written in parts.
package struct ObjectUpload: Sendable, Equatable {
    package var name: String
    package var id: String

    package init(name: String, id: String) {
        self.name = name
        self.id = id
    }
}

/// A part that was written.
package struct ObjectPart: Sendable, Equatable {
    package var number: Int
    package var tag: String

    package init(number: Int, tag: String) {
        self.number = number
        self.tag = tag
    }
}
