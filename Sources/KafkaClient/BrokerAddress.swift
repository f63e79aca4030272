/// Where a broker listens.
package struct BrokerAddress: Hashable, Sendable, CustomStringConvertible {
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST:PORT`, `[IPv6]:PORT` or `HOST`, whose port is 9092; `nil` for anything else.
    package init?(text: String) {
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let rest = text[text.index(after: end)...]
            self.init(host: String(text[text.index(after: text.startIndex)..<end]), portText: rest)
        } else if let colon = text.firstIndex(of: ":") {
            self.init(host: String(text[..<colon]), portText: text[colon...])
        } else {
            self.init(host: text, portText: "")
        }
    }

    private init?(host: String, portText: Substring) {
        guard !host.isEmpty else { return nil }
        guard !portText.isEmpty else {
            self.init(host: host, port: 9092)
            return
        }
        guard portText.first == ":", let port = UInt16(portText.dropFirst()), port > 0 else { return nil }
        self.init(host: host, port: Int(port))
    }

    /// Reads a list separated by commas; `nil` when it is empty or one of them is malformed.
    package static func list(_ text: String) -> [BrokerAddress]? {
        let addresses = text.split(separator: ",").map { BrokerAddress(text: String($0)) }
        guard !addresses.isEmpty else { return nil }
        var result: [BrokerAddress] = []
        for address in addresses {
            guard let address else { return nil }
            result.append(address)
        }
        return result
    }

    package var description: String {
        self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }
}
