/// The parameters of a query, each decoded once: what verifies a signature and what says whose request it is read the
/// same of it.
struct QueryParameters {
    /// Of a request that is not signed there are none; of one that is, about ten.
    private static let countMax = 64

    private(set) var pairs: [(name: String, value: String)] = []
    /// There were more than are read.
    private(set) var isTooLong = false

    /// - Parameter query: as it came, without `?`.
    init(_ query: String) {
        guard !query.isEmpty else { return }
        for part in query.split(separator: "&") {
            guard self.pairs.count < Self.countMax else {
                self.isTooLong = true
                return
            }
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            self.pairs.append((Self.text(pair[0]), pair.count > 1 ? Self.text(pair[1]) : ""))
        }
    }

    /// Names are compared as they are: AWS knows `X-Amz-Date` and not `x-amz-date`.
    subscript(_ name: String) -> String? { self.pairs.last { $0.name == name }?.value }

    /// A name of the signature's own that comes twice, in any case and encoding.
    var repeatedName: String? {
        var names: Set<String> = []
        for (name, _) in self.pairs {
            let name = name.lowercased()
            if name.hasPrefix("x-amz-"), !names.insert(name).inserted { return name }
        }
        return nil
    }

    private static func text(_ part: Substring) -> String {
        String(decoding: CanonicalRequest.percentDecoded(part), as: UTF8.self)
    }
}
