package import Model

/// What a start makes of a swap of segments that a crash interrupted, by the names in a partition's folder (Kafka's
/// rules, so that either can complete what the other began).
///
/// A swap writes `<base>.log.cleaned` and its indexes, renames them to `.swap`, the log last, and forces the names:
/// from then on it counts. Then the segments that it replaces go, the indexes get their names, and the log gets its
/// own last.
package struct SwapRecovery: Sendable, Equatable {
    /// Names that go at once: what was never swapped in.
    package private(set) var abandoned: [String] = []
    /// A log that was swapped in and has not got its name yet, and those of its indexes that have not either.
    package private(set) var swaps: [Swap] = []

    package struct Swap: Sendable, Equatable {
        package var baseOffset: Offset
        package var kinds: [FileNames.Kind]
    }

    /// - Parameter names: everything in the folder.
    package init(_ names: [String]) {
        var cleanedMin = Offset.max
        var kinds: [Offset: [FileNames.Kind]] = [:]
        for name in names {
            if let (_, base) = FileNames.parse(name, suffix: FileNames.cleanedSuffix) {
                self.abandoned.append(name)
                cleanedMin = min(cleanedMin, base)
            } else if let (kind, base) = FileNames.parse(name, suffix: FileNames.swapSuffix) {
                kinds[base, default: []].append(kind)
            }
        }
        for (base, kinds) in kinds.sorted(by: { $0.key < $1.key }) {
            // Indexes without their log were renamed before it; what is behind a cleaned file belongs to its swap.
            if kinds.contains(.log), base < cleanedMin {
                self.swaps.append(Swap(baseOffset: base, kinds: kinds))
            } else {
                self.abandoned += kinds.map { FileNames.file($0, base: base) + FileNames.swapSuffix }
            }
        }
    }

    package var isEmpty: Bool { self.abandoned.isEmpty && self.swaps.isEmpty }
}
