import KinesisProtocol
import Model
import Testing

/// The examples of AWS's documentation of Signature Version 4 in S3's headers.
@Suite struct S3SignatureTests {
    private static let emptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    /// 2013-05-24T00:00:00Z
    private static let date: Timestamp = 1_369_353_600_000

    private func signature(
        _ method: String,
        _ path: String,
        query: String = "",
        headers: [(name: String, value: String)] = [],
        digest: String = Self.emptyDigest
    ) -> String? {
        let keys = RequestSigner.Keys(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        )
        var signer = RequestSigner(keys: keys, region: "us-east-1", service: "s3")
        let added = signer.sign(
            method: method,
            path: path,
            query: query,
            headers: headers + [
                (name: "Host", value: "examplebucket.s3.amazonaws.com"), (name: "x-amz-content-sha256", value: digest),
            ],
            bodyDigest: digest,
            at: Self.date
        )
        return added.first { $0.name == "Authorization" }?.value.split(separator: "=").last.map(String.init)
    }

    @Test func `a part of an object`() {
        #expect(
            self.signature("GET", "/test.txt", headers: [(name: "Range", value: "bytes=0-9")])
                == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        )
    }

    @Test func `a write whose name is encoded once`() {
        #expect(
            self.signature(
                "PUT",
                "/test%24file.text",
                headers: [
                    (name: "Date", value: "Fri, 24 May 2013 00:00:00 GMT"),
                    (name: "x-amz-storage-class", value: "REDUCED_REDUNDANCY"),
                ],
                digest: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
            ) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        )
    }

    @Test func `a query with values, and one without`() {
        #expect(
            self.signature("GET", "/", query: "max-keys=2&prefix=J")
                == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        )
        #expect(
            self.signature("GET", "/", query: "lifecycle=")
                == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        )
    }
}
