/// How a batch's records are compressed. Raw values are those of the attribute bits 0–2.
package enum CompressionCodec: UInt8, Sendable, CaseIterable {
    case none = 0
    case gzip = 1
    case snappy = 2
    case lz4 = 3
    case zstd = 4
}

/// The attribute bits of a batch: `compression:3, logAppendTime:1, transactional:1, control:1, deleteHorizon:1`.
///
/// Bits that no version defines are kept as they came, because the checksum covers them.
package struct BatchAttributes: Sendable, Equatable {
    package var rawValue: Int16

    package init(rawValue: Int16) { self.rawValue = rawValue }

    package init(
        compression: CompressionCodec = .none,
        isLogAppendTime: Bool = false,
        isTransactional: Bool = false,
        isControl: Bool = false,
        hasDeleteHorizon: Bool = false
    ) {
        self.rawValue = Int16(compression.rawValue)
        self.isLogAppendTime = isLogAppendTime
        self.isTransactional = isTransactional
        self.isControl = isControl
        self.hasDeleteHorizon = hasDeleteHorizon
    }

    /// `nil` for the codec numbers 5–7, which nobody has defined.
    package var compression: CompressionCodec? {
        CompressionCodec(rawValue: UInt8(truncatingIfNeeded: self.rawValue) & 0x07)
    }

    package mutating func set(_ compression: CompressionCodec) {
        self.rawValue = self.rawValue & ~0x07 | Int16(compression.rawValue)
    }

    /// The max timestamp is the broker's clock at append and holds for every record.
    package var isLogAppendTime: Bool {
        get { self.rawValue & 0x08 != 0 }
        set { self.set(0x08, newValue) }
    }

    package var isTransactional: Bool {
        get { self.rawValue & 0x10 != 0 }
        set { self.set(0x10, newValue) }
    }

    package var isControl: Bool {
        get { self.rawValue & 0x20 != 0 }
        set { self.set(0x20, newValue) }
    }

    /// The base timestamp field holds a delete horizon instead (KIP-534); set by compaction only.
    package var hasDeleteHorizon: Bool {
        get { self.rawValue & 0x40 != 0 }
        set { self.set(0x40, newValue) }
    }

    package mutating func set(_ bit: Int16, _ isOn: Bool) {
        self.rawValue = isOn ? self.rawValue | bit : self.rawValue & ~bit
    }
}
