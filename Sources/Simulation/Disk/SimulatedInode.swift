internal import LogFiles
internal import Model

/// A file of the simulated disk: what reads see, and what would be left after a power cut.
struct SimulatedInode {
    static let sectorBytes = 512

    /// What reads see: the page cache.
    private(set) var data: [UInt8] = []
    /// What is on the disk for certain.
    private var durable: [UInt8] = []
    /// Sectors that were written since they were last forced.
    private var dirty: Set<Int> = []
    /// The smallest size that the file was cut to since it was last forced.
    private var cutTo: Int?
    /// What reads saw when the process began.
    private var atStart: [UInt8] = []
    var modifiedAt: Timestamp
    var isLocked = false

    init(modifiedAt: Timestamp) { self.modifiedAt = modifiedAt }

    /// Writes a part of the file, growing it when needed.
    mutating func write(_ bytes: UnsafeRawBufferPointer, at position: Int) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        self.grow(to: position + bytes.count)
        self.data.withUnsafeMutableBytes { target in
            target.baseAddress?.advanced(by: position).copyMemory(from: source, byteCount: bytes.count)
        }
        self.markDirty(position..<(position + bytes.count))
    }

    /// Makes the file at least so long; the new part is zero.
    mutating func grow(to size: Int) {
        if size > self.data.count { self.data.append(contentsOf: repeatElement(0, count: size - self.data.count)) }
    }

    mutating func truncate(to size: Int) {
        guard size < self.data.count else { return self.grow(to: size) }
        self.data.removeLast(self.data.count - size)
        self.cutTo = min(self.cutTo ?? size, size)
        self.dirty = self.dirty.filter { $0 * Self.sectorBytes < size }
    }

    /// What `fdatasync` does.
    mutating func force() {
        if let cut = self.cutTo, cut < self.durable.count { self.durable.removeLast(self.durable.count - cut) }
        self.cutTo = nil
        self.resizeDurable(to: self.data.count)
        for sector in self.dirty { self.copyToDurable(sector) }
        self.dirty = []
    }

    /// What an `fdatasync` that failed leaves: the kernel takes pages for clean that never reached the disk.
    mutating func forgetDirty(_ isForgotten: () -> Bool) {
        for sector in self.dirty.sorted() where isForgotten() { self.dirty.remove(sector) }
    }

    /// Forces a part of the file, as a write with `O_DSYNC` does.
    mutating func force(_ range: Range<Int>) {
        if self.cutTo != nil || self.durable.count < range.upperBound { return self.force() }
        for sector in Self.sectors(range) where self.dirty.remove(sector) != nil { self.copyToDurable(sector) }
    }

    /// What a power cut leaves. Each sector that was not forced is there or not, as `survives` says; a change of the
    /// size or a cut likewise.
    mutating func losePower(_ survives: () -> Bool) {
        var reachesBehindCut = true
        var rest = self.durable
        if let cut = self.cutTo {
            reachesBehindCut = survives()
            if reachesBehindCut, cut < rest.count { rest.removeLast(rest.count - cut) }
        }
        if reachesBehindCut, self.data.count > rest.count, survives() {
            rest.append(contentsOf: repeatElement(0, count: self.data.count - rest.count))
        }
        self.durable = rest
        for sector in self.dirty.sorted() {
            guard survives() else { continue }
            if let cut = self.cutTo, !reachesBehindCut, (sector + 1) * Self.sectorBytes > cut { continue }
            self.copyToDurable(sector)
        }
        self.data = self.durable
        self.dirty = []
        self.cutTo = nil
    }

    private mutating func resizeDurable(to size: Int) {
        if size < self.durable.count { self.durable.removeLast(self.durable.count - size) }
        if size > self.durable.count {
            self.durable.append(contentsOf: repeatElement(0, count: size - self.durable.count))
        }
    }

    /// As far as both have the sector.
    private mutating func copyToDurable(_ sector: Int) {
        let start = sector * Self.sectorBytes
        let end = min(start + Self.sectorBytes, self.data.count, self.durable.count)
        guard start < end else { return }
        self.durable.replaceSubrange(start..<end, with: self.data[start..<end])
    }

    private mutating func markDirty(_ range: Range<Int>) { self.dirty.formUnion(Self.sectors(range)) }

    private static func sectors(_ range: Range<Int>) -> Range<Int> {
        (range.lowerBound / Self.sectorBytes)..<((range.upperBound + Self.sectorBytes - 1) / Self.sectorBytes)
    }

    // MARK: Damage at rest: of what reads see and of what is stored alike

    /// A process begins: this is what a write that gets lost leaves in its place.
    mutating func noteStart() { self.atStart = self.data }

    mutating func flipBit(_ bit: Int) {
        self.data[bit / 8] ^= 1 << UInt8(bit % 8)
        self.damaged(bit / 8..<bit / 8 + 1)
    }

    mutating func overwrite(sector number: UInt64, with bytes: [UInt8]) {
        let start = Int(number % UInt64(self.sectorCount)) * Self.sectorBytes
        let count = min(bytes.count, self.data.count - start)
        self.data.replaceSubrange(start..<(start + count), with: bytes[..<count])
        self.damaged(start..<(start + count))
    }

    /// Returns false when nothing was written since the process began.
    mutating func loseWrite(_ choice: UInt64) -> Bool {
        let old = self.atStart
        let changed = (0..<self.sectorCount).filter { sector in
            let range = sector * Self.sectorBytes..<min((sector + 1) * Self.sectorBytes, self.data.count)
            return range.upperBound <= old.count && old[range] != self.data[range]
        }
        guard !changed.isEmpty else { return false }
        let start = changed[Int(choice % UInt64(changed.count))] * Self.sectorBytes
        let end = min(start + Self.sectorBytes, self.data.count)
        self.data.replaceSubrange(start..<end, with: old[start..<end])
        self.damaged(start..<end)
        return true
    }

    mutating func cut(to size: Int) {
        self.data.removeLast(self.data.count - size)
        self.resizeDurable(to: min(size, self.durable.count))
        self.dirty = self.dirty.filter { $0 * Self.sectorBytes < size }
    }

    private mutating func damaged(_ range: Range<Int>) {
        let range = range.clamped(to: 0..<self.durable.count)
        self.durable.replaceSubrange(range, with: self.data[range])
    }
}

/// A directory of the simulated disk. Changes of its names become durable in their order, and before `force` in part.
struct SimulatedFolder {
    enum Node: Equatable {
        case file(Int)
        case folder(Int)
    }

    enum Change {
        case link(String, Node)
        case unlink(String)
        case rename(String, to: String)
    }

    private(set) var names: [String: Node] = [:]
    private var durable: [String: Node] = [:]
    private var pending: [Change] = []

    mutating func apply(_ change: Change) {
        Self.apply(change, to: &self.names)
        self.pending.append(change)
    }

    mutating func force() {
        self.durable = self.names
        self.pending = []
    }

    /// A name is gone, from the disk as well.
    mutating func lose(_ name: String) {
        self.names[name] = nil
        self.durable[name] = nil
    }

    /// - Parameter below: a number below the given one.
    mutating func losePower(_ below: (Int) -> Int) {
        for change in self.pending.prefix(below(self.pending.count + 1)) { Self.apply(change, to: &self.durable) }
        self.names = self.durable
        self.pending = []
    }

    private static func apply(_ change: Change, to names: inout [String: Node]) {
        switch change {
        case .link(let name, let node): names[name] = node
        case .unlink(let name): names[name] = nil
        case .rename(let name, let target): names[target] = names.removeValue(forKey: name)
        }
    }
}
