import Model
import Testing

@Suite struct NetworkAddressTests {
    @Test(
        arguments: [
            ("10.0.0.1", "10.0.0.1"), ("255.255.255.255", "255.255.255.255"), ("::ffff:10.0.0.1", "10.0.0.1"),
            ("::FFFF:a00:1", "10.0.0.1"), ("::", "::"), ("::1", "::1"), ("1::", "1::"),
            ("0:0:0:0:0:0:0:1", "::1"), ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
            ("64:ff9b::10.0.0.1", "64:ff9b::a00:1"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ]
    )
    func `an address has one text, and it is read again`(_ text: String, _ expected: String) throws {
        let address = try #require(NetworkAddress(text))
        #expect(address.description == expected)
        #expect(NetworkAddress(expected) == address)
    }

    @Test(
        arguments: [
            "", ".", ":", ":::", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.+4", " 1.2.3.4", "1.2.3.4 ",
            "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "::1.2.3", "1.2.3.4::", "[::1]",
            "fe80::1%eth0", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "localhost", "1:2:3:4:5:6:7:1.2.3.4",
            String(repeating: "1", count: 1000),
        ]
    )
    func `other texts are not addresses`(_ text: String) { #expect(NetworkAddress(text) == nil) }

    @Test func `a network holds the addresses that begin as it does`() throws {
        let network = try #require(NetworkAddress("10.1.0.0")), inside = try #require(NetworkAddress("10.1.255.255"))
        let outside = try #require(NetworkAddress("10.2.0.0")), six = try #require(NetworkAddress("2001:db8::1"))
        #expect(inside.isIn(network, prefixLength: 96 + 16) && !outside.isIn(network, prefixLength: 96 + 16))
        #expect(!inside.isIn(network, prefixLength: 128) && network.isIn(network, prefixLength: 128))
        #expect(outside.isIn(network, prefixLength: 96) && !six.isIn(network, prefixLength: 96))
        #expect(six.isIn(network, prefixLength: 0))
    }
}
