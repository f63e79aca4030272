internal import LogCore
package import Model

/// A head with all that its index names: every extent of a partition.
package struct PartitionExtents: Sendable, Equatable {
    /// A section of the index.
    package struct Leaf: Sendable, Equatable {
        package var reference: IndexReference
        package var extents: [Extent]

        package init(reference: IndexReference, extents: [Extent]) {
            self.reference = reference
            self.extents = extents
        }
    }

    package var head: PartitionHead
    /// In offset order; those that end before the log start may be missing.
    package private(set) var leaves: [Leaf]

    /// - Parameter leaves: of the head's index, as `ExtentIndex` has them; none that end before the log start.
    package init(head: PartitionHead, leaves: [Leaf] = []) {
        precondition((head.index == nil) == leaves.isEmpty, "the index of a head is loaded")
        self.head = head
        self.leaves = leaves
    }

    /// What readers may see, in offset order.
    package var extents: [Extent] {
        let start = self.head.logStart
        return (self.leaves.flatMap(\.extents) + self.head.extents).filter { $0.endOffset > start }
    }

    /// Objects that the partition refers to, and whether they are shared. One of which only records before the log
    /// start are left does not belong to them.
    package var references: [CompactedObjectName: Bool] {
        var references: [CompactedObjectName: Bool] = [:]
        for extent in self.extents { references[extent.section.object] = extent.section.isShared }
        let parts = self.leaves.filter { $0.reference.endOffset > self.head.logStart }.map(\.reference.section)
        for section in parts + [self.head.index?.section, self.head.producers].compactMap({ $0 }) {
            references[section.object] = section.isShared
        }
        return references
    }

    /// Moves the log start up, and forgets extents before it. What the index has of them stays, unread.
    ///
    /// - Parameter offset: ignored when the log begins there already, or later.
    package mutating func advanceLogStart(to offset: Offset) {
        guard offset > self.head.logStart else { return }
        self.head.logStart = offset
        self.head.leaderEpochs.removeBefore(offset)
        self.head.extents.removeAll { $0.endOffset <= offset }
        self.leaves.removeAll { $0.reference.endOffset <= offset }
        if let index = self.head.index, index.endOffset <= offset {
            self.head.index = nil
            self.leaves = []
        }
    }

    /// How other extents in place of the present ones are stored.
    package func layout(of extents: [Extent]) -> ExtentLayout { ExtentLayout(extents, of: self) }

    /// Takes a layout that needs no object.
    package mutating func apply(_ layout: ExtentLayout) {
        precondition(!layout.needsObject, "a layout with another index is written first")
        self.take(layout, index: layout.keepsIndex ? self.head.index : layout.kept.first?.reference, added: [])
    }

    /// Takes a layout, and writes its index.
    ///
    /// - Parameter builder: of an object that is not shared.
    package mutating func apply(
        _ layout: ExtentLayout,
        _ partition: TopicPartition,
        writing builder: inout CompactedObjectBuilder
    ) {
        precondition(!builder.isShared, "an index lies in an object of its partition alone")
        let added = layout.added.map {
            Leaf(reference: builder.addIndex(partition, .extents($0)), extents: $0)
        }
        let references = (layout.kept + added).map(\.reference)
        let index = references.count > 1 ? builder.addIndex(partition, .indexes(references)) : references.first
        self.take(layout, index: index, added: added)
    }

    private mutating func take(_ layout: ExtentLayout, index: IndexReference?, added: [Leaf]) {
        self.leaves = layout.kept + added
        self.head.index = index
        self.head.extents = layout.inline
    }
}

/// Where extents are stored: in the head those at the end, in sections of an index those before them. Full sections
/// stay as they are as long as nothing in them or before them changes.
package struct ExtentLayout: Sendable, Equatable {
    /// Extents that stay in a head when its index takes some over, so that it does not do so each time.
    static let inlineAfterSpill = PartitionHead.extentsMax / 2

    let kept: [PartitionExtents.Leaf]
    let added: [[Extent]]
    let inline: [Extent]
    /// The index is the one that the head has.
    let keepsIndex: Bool

    init(_ extents: [Extent], of old: PartitionExtents) {
        var rest = extents[...]
        var kept: [PartitionExtents.Leaf] = []
        let start = max(old.head.logStart, extents.first?.baseOffset ?? old.head.logStart)
        let leaves = old.leaves.filter { $0.reference.endOffset > start }
        for leaf in leaves {
            let readable = leaf.extents.filter { $0.endOffset > start }
            guard rest.starts(with: readable) else { break }
            kept.append(leaf)
            rest = rest.dropFirst(readable.count)
        }
        if kept.count == leaves.count, rest.count <= PartitionHead.extentsMax {
            (self.kept, self.added, self.inline, self.keepsIndex) = (kept, [], Array(rest), !kept.isEmpty)
            return
        }
        if rest.count > PartitionHead.extentsMax, let last = kept.last, last.extents.count < ExtentIndex.entriesMax {
            // There is room in it.
            kept.removeLast()
            rest = extents[(rest.startIndex - last.extents.count { $0.endOffset > start })...]
        }
        let spilled =
            rest.count > PartitionHead.extentsMax ? rest.dropLast(Self.inlineAfterSpill) : rest.prefix(0)
        self.kept = kept
        self.added = stride(from: spilled.startIndex, to: spilled.endIndex, by: ExtentIndex.entriesMax).map {
            Array(spilled[$0..<min($0 + ExtentIndex.entriesMax, spilled.endIndex)])
        }
        self.inline = Array(rest.dropFirst(spilled.count))
        self.keepsIndex = false
    }

    /// An object must be written for the index.
    package var needsObject: Bool { !self.added.isEmpty || !self.keepsIndex && self.kept.count > 1 }
}
