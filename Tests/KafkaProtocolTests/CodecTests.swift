internal import KafkaProtocol
internal import KafkaSamples
internal import NIOCore
internal import Testing

@Suite struct CodecTests {
    @Test(arguments: CodecCase.all)
    func `every version of a message survives encoding and decoding`(codec: CodecCase) throws {
        for version in codec.versions {
            for style in Sampler.Style.allCases {
                #expect(try codec.sampleSurvives(style, version), "version \(version), \(style)")
            }
        }
    }

    @Test(arguments: CodecCase.all)
    func `a message cut at any byte is rejected, never trapped`(codec: CodecCase) {
        var accepted: [String] = []
        for version in codec.versions {
            for style in [Sampler.Style.full, .sparse] {
                let whole = codec.encodeSample(style, version)
                for length in 0..<whole.readableBytes {
                    guard var prefix = whole.getSlice(at: whole.readerIndex, length: length) else { continue }
                    guard (try? codec.recode(&prefix, version)) != nil else { continue }
                    accepted.append("version \(version), \(length) bytes")
                }
            }
        }
        #expect(accepted.isEmpty)
    }

    /// What decodes must also encode: a peer must not be able to make the server hold a value that it cannot send.
    @Test(arguments: CodecCase.all)
    func `damaged bytes are decoded or rejected, never trapped`(codec: CodecCase) {
        var random = SplitMix(seed: 0x4B61_666B_61)
        for version in codec.versions {
            for style in [Sampler.Style.full, .long] {
                let whole = codec.encodeSample(style, version)
                guard whole.readableBytes > 0 else { continue }
                for _ in 0..<8 {
                    var damaged = whole
                    for _ in 0..<Int(random.next() % 3 + 1) {
                        let index = Int(random.next() % UInt64(damaged.writerIndex))
                        let byte: UInt8 = [0xFF, 0x00, 0x7F, 0x80, UInt8(truncatingIfNeeded: random.next())][
                            Int(random.next() % 5)
                        ]
                        damaged.setInteger(byte, at: index)
                    }
                    _ = try? codec.recode(&damaged, version)
                }
            }
        }
    }

    @Test(arguments: CodecCase.all)
    func `versions outside the schema are rejected`(codec: CodecCase) {
        for version in [codec.versions.upperBound + 1, Int16.max, -1] {
            var buffer = ByteBuffer(repeating: 0, count: 512)
            #expect {
                _ = try codec.recode(&buffer, version)
            } throws: { error in
                (error as? WireError)?.code == .unsupportedVersion
            }
        }
    }

    @Test func `every API of the schemas has the key, name and flexible version of the key table`() {
        #expect(GeneratedAPIs.all.count == 61)
        for api in GeneratedAPIs.all {
            #expect(api.key.name == api.name)
            #expect(api.key.firstFlexibleVersion == api.firstFlexibleVersion, "\(api.name)")
            #expect(GeneratedAPIs.description(of: api.key) == api)
        }
        #expect(GeneratedAPIs.description(of: APIKey(rawValue: -1)) == nil)
        #expect(GeneratedAPIs.description(of: .vote) == nil)
        #expect(GeneratedAPIs.description(of: APIKey(rawValue: 30_000)) == nil)
    }
}

extension CodecCase: CustomTestStringConvertible {
    package var testDescription: String { self.name }
}

/// A small generator with one seed, so that a failure repeats.
struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var value = self.state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
