import Model
import Secrets
import Testing
import Text

@testable import KinesisProtocol

/// Signature Version 4A against the published test suite: derived keys, signatures by header and by query.
@Suite struct SignatureVersion4ATests {
    private static let keys = RequestSigner.Keys(
        accessKeyID: "AKIDEXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    )
    /// 2015-08-30 12:36:00 UTC.
    private static let moment: Timestamp = 1_440_938_160_000
    private static let emptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    private static let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"

    struct Vector: Sendable {
        var method = "GET"
        var target = "/"
        var headers: [(name: String, value: String)] = []
        var names = ""
        var header: String
        var query: String
        var token: String?
    }

    private static let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    private static let vectors = [
        Vector(
            header:
                "3045022018b4e277d0281864beb51d3600e23f88510ea5031d68ddfbb68614b82a5eb7d2022100effb9c5f22ed9ef3ae0ab2"
                + "43d21f06bce82365bbb79529a07b6888c343ae5f8c",
            query:
                "3045022100b3246f8e1442dd58e73292ae1294720c3256ee58f6cea50f3a3f83b4a4b0331a0220329693f7745c9008a5887c0"
                + "529ceccb0fae4e16d707b712ea66acdbaf963769a"
        ),
        Vector(
            headers: [
                ("My-Header1", "value4"), ("My-Header1", "value1"), ("My-Header1", "value3"), ("My-Header1", "value2"),
            ],
            names: ";my-header1",
            header:
                "3045022005e72f83b232f1fa01d7344267d44a46fa4c193bc3d0ad256e89f92a561eb8fa022100c62a85a22a6018463df69c9"
                + "7da07cd189185dadeede293c659e15514cd28a0c9",
            query:
                "3045022044e0c722f2d02673c326d0ac38aae57e2877e158b700de702e5dd082be680f65022100841bb5007fb5ece1078add2"
                + "bf38e84f1b7ea13e67b935d1fd021014eedee46a4"
        ),
        Vector(
            headers: [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
            names: ";my-header1;my-header2",
            header:
                "3046022100f05cfb8a9a49ee4540c49ed27e612ddd1a2d168512bad65a96cdf8378254a4bd022100a3eb663e6734125d467fc"
                + "00d5a41dc6bf476ec167d5c20657ff3135c8b4f7815",
            query:
                "3045022100a765fa4e0a2c5d56292cc9aa654332858bcbb2af27b8c488157113f2c084776b02206145afa6dbb99993e499863"
                + "fa36e592b94ddaeefbd778a473348204f26c15547"
        ),
        Vector(
            target: "/?Param2=value2&Param1=value1",
            header:
                "3045022100b342b0d62487d235a5baf82e970102670a8d7af34c61f086125d204a90724d9e022070304e846de3de228c57e52"
                + "8b61f4addfdb5fa788a8a452e483c6a286d8803f5",
            query:
                "304402207c976c47b1bcf7333ad10fcf78498bb14a368a6cd8f58703d47c9e91c4468c13022059a3715bafae9410271bf3355"
                + "ccd0bbc622fe90f3c0168203d83323297789de5"
        ),
        Vector(
            target: "/?\(Self.unreserved)=\(Self.unreserved)",
            header:
                "3045022100ce7ae9d07bea650598803710644006d47de14a884d0777abd71ccf76164a36c70220256f34ad94c5cb1291a05f7"
                + "680c2a0068c51d2a31a4e2fe2100d4a58197565ed",
            query:
                "30450220720698c40b04f1a2e1f94e91ed9a59f8b2a2e70cb55e6dd245d0aec039cad6ea022100b2076666b780735e1ddabf7"
                + "73f141ff49f8df3686ffb6c4c7798ba22470e3819"
        ),
        Vector(
            target: "/ሴ",
            header:
                "3044022009b73628ce2929e224b781c591bdc93fc3381cef5f63992eefb82a286276fa0902203cbc6071d1be7b8c91ec0a04b"
                + "921881c48cbea2a0a86481f6fa7a983e36190c0",
            query:
                "30460221008cf2ac3d46b7529fe7b73add56626a546fc9372b458e197dbd355198465e0918022100c059b86e01bd11d31c5fe"
                + "19ee7c73fe3b8058ad2cebe2fe74c779c4a6a95684a"
        ),
        Vector(
            target: "/example space/",
            header:
                "304502202292b4f0e4f1495b9ceb3b77349efeffdce42cb5461f810db3983005c1e772ca022100b4b6175661196a82f5b5996"
                + "8315517e1ffdde58d2e3eba10d3bfe171cde625c4",
            query:
                "3045022100fc068fdda7586bec9ac9ed341e7a81bf1e1f8c60fee6e22165868ecac62e404d02200620b5d68b9be752103366"
                + "18fc0a884439ce1ae93085adb03e27f1ce7ca4912e"
        ),
        Vector(
            target: "//example//",
            header:
                "304402205dd203fd6b973e5fb088569ec27db1e267ef4a728f177e88fcc65f299255c0ab02206da878f40c64094595aa4e8088"
                + "49b69025f1c9b9f4be0f0e6ab8cd7a04e81d77",
            query:
                "3045022100dfd2281b396d138207f0e58889bd6cc4d95ffd8d64e6f37ef2a9f2a15cab6944022060d05a747cd4e3c49cb50bf"
                + "58d834ae917cd1ebd1524a352fb64f4d54f9ba279"
        ),
        Vector(
            headers: [],
            header:
                "3044022035c6bc9a8cab8a434bd8bd1cc3b6f1401842f530f1537722ad10d72a1577f8c80220101352fe0720715efbab80f8"
                + "2edb133175f0b61cad85daf943ad615852f9ae10",
            query:
                "3046022100d51f7ae1ac1b6b3db6c40f69aafb4306f81cdd2d87a85f69b2c4cb8fd057cf21022100cdb787a698c3f53d961f5"
                + "b6279a0ff246097f50c874bcbf7a249bf4c0f118fb3",
            token: Self.token
        ),
        Vector(
            method: "POST",
            header:
                "3044022051fe398025aafbfc21d054bc78e5edfb96c9acb7fd272795565181d757815e4702202e7b8d2b92324290b1d95f8b0"
                + "fc5e333bb8b5e333f6160bcab39d7258156d224",
            query:
                "30440220158b75ce84ef2d97a0b287759f9104b9e093ef3a912a84bd78d30274d08c10c4022064fb9961da1d951aba42455df"
                + "5752c3e3fa8055cd053b59ad53b140d54f6aafd"
        ),
    ]

    private static func verifier(token: String?) -> SignatureVerifier {
        var keys = Self.keys
        keys.sessionToken = token
        return SignatureVerifier(keys: [keys], services: ["service"])
    }

    private static func outcome(_ parts: SignedParts, token: String? = nil, digest: String = emptyDigest) -> String {
        do throws(KinesisError) {
            return try Self.verifier(token: token).verify(parts, bodyDigest: { digest }, now: Self.moment).accessKeyID
        } catch {
            return error.code.rawValue
        }
    }

    private static func byHeader(_ vector: Vector, _ signature: String, regions: String = "us-east-1") -> SignedParts {
        let target = vector.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var headers = [(name: "Host", value: "example.amazonaws.com")] + vector.headers
        headers += [("X-Amz-Date", "20150830T123600Z"), ("X-Amz-Region-Set", regions)]
        if let token = vector.token { headers.append(("X-Amz-Security-Token", token)) }
        let names =
            "host\(vector.names);x-amz-date;x-amz-region-set" + (vector.token == nil ? "" : ";x-amz-security-token")
        headers.append(
            (
                "Authorization",
                "AWS4-ECDSA-P256-SHA256 Credential=AKIDEXAMPLE/20150830/service/aws4_request, SignedHeaders=\(names), "
                    + "Signature=\(signature)"
            )
        )
        return SignedParts(
            method: vector.method,
            path: String(target[0]),
            query: target.count > 1 ? String(target[1]) : "",
            headers: headers
        )
    }

    private static func byQuery(_ vector: Vector, _ signature: String) -> SignedParts {
        let target = vector.target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let names = "host\(vector.names)".replacing(";", with: "%3B")
        let query =
            (target.count > 1 ? target[1] + "&" : "")
            + "X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fservice%2Faws4_request"
            + "&X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=\(names)&X-Amz-Expires=3600&X-Amz-Region-Set=us-east-1"
            + (vector.token.map { "&X-Amz-Security-Token=\($0)" } ?? "") + "&X-Amz-Signature=\(signature)"
        return SignedParts(
            method: vector.method,
            path: String(target[0]),
            query: query,
            headers: [("Host", "example.amazonaws.com")] + vector.headers
        )
    }

    @Test func `the published key is derived`() throws {
        let secret = SecretBytes(Array("q+jcrXGc+0zWN6uzclKVhvMmUsIfRPa4rlRandom".utf8))
        let id = "AKISORANDOMAASORANDOM"
        #expect(
            SignatureVersion4A.privateKey(accessKeyID: id, secret: secret).map { Hex.text($0) }
                == "7fd3bd010c0d9c292141c2b77bfbde1042c92e6836fff749d1269ec890fca1bd"
        )
        #expect(
            SignatureVersion4A.publicKey(accessKeyID: id, secret: secret).map { Hex.text($0.coordinates) }
                == "15d242ceebf8d8169fd6a8b5a746c41140414c3b07579038da06af89190fffcb"
                + "0515242cedd82e94799482e4c0514b505afccf2c0c98d6a553bf539f424c5ec0"
        )
        let other = SignatureVersion4A.publicKey(
            accessKeyID: Self.keys.accessKeyID,
            secret: SecretBytes(Array(Self.keys.secretAccessKey.utf8))
        )
        #expect(
            other.map { Hex.text($0.coordinates) }
                == "b6618f6a65740a99e650b33b6b4b5bd0d43b176d721a3edfea7e7d2d56d936b1"
                + "865ed22a7eadc9c5cb9d2cbaca1b3699139fedc5043dc6661864218330c8e518"
        )
    }

    @Test(arguments: Self.vectors.indices) func `published signatures are right, and of nothing else`(_ index: Int) {
        let vector = Self.vectors[index]
        for (parts, name) in [
            (Self.byHeader(vector, vector.header), "header"), (Self.byQuery(vector, vector.query), "query"),
        ] {
            #expect(Self.outcome(parts, token: vector.token) == "AKIDEXAMPLE", "\(name)")
            var moved = parts
            moved.method = "PUT"
            #expect(Self.outcome(moved, token: vector.token) == "InvalidSignatureException", "\(name)")
            var renamed = parts
            renamed.headers[0].value = "example.org"
            #expect(Self.outcome(renamed, token: vector.token) == "InvalidSignatureException", "\(name)")
            let digest = String(repeating: "0", count: 64)
            #expect(Self.outcome(parts, token: vector.token, digest: digest) == "InvalidSignatureException", "\(name)")
        }
        #expect(Self.outcome(Self.byHeader(vector, vector.query), token: vector.token) == "InvalidSignatureException")
    }

    @Test func `the set of regions is what was signed, and is there`() {
        let vector = Self.vectors[0]
        #expect(Self.outcome(Self.byHeader(vector, vector.header, regions: "*")) == "InvalidSignatureException")
        var parts = Self.byHeader(vector, vector.header)
        parts.headers.removeAll { $0.name == "X-Amz-Region-Set" }
        #expect(Self.outcome(parts) == "IncompleteSignatureException")
        let unsigned = Self.byHeader(vector, vector.header).headers.map { header in
            (header.name, header.value.replacing(";x-amz-region-set", with: ""))
        }
        parts.headers = unsigned
        #expect(Self.outcome(parts) == "InvalidSignatureException")
    }

    @Test(
        arguments: [
            "00", String(repeating: "0", count: 144), String(repeating: "f", count: 146), "30450220zz",
            "3006020100020100",
            "3006020101020101", String(repeating: "30", count: 36),
        ]
    )
    func `what is not a signature is refused`(_ signature: String) {
        #expect(Self.outcome(Self.byHeader(Self.vectors[0], signature)) == "InvalidSignatureException")
    }

    @Test func `the caller's region is the first of the set that is one`() throws {
        let header =
            "AWS4-ECDSA-P256-SHA256 Credential=123456789012/20150830/kinesis/aws4_request, SignedHeaders=host, Signature=a"
        for (set, region) in [("*", "us-east-1"), ("eu-west-1", "eu-west-1"), ("eu-*,eu-west-3", "eu-west-3")] {
            let credentials = Credentials(authorization: header, query: "", hasDate: true, regionSet: set)
            let caller = try credentials.caller()
            #expect(caller.region == region)
            #expect(caller.account == "123456789012")
        }
    }
}
