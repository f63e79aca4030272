import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

/** Java's own client over HTTP/2, asked for as its users ask. Arguments: URL. */
public final class Http2Client {
    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
        for (int index = 0; index < 3; index++) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0]))
                .header("Content-Type", "application/x-amz-json-1.1")
                .header("X-Amz-Target", "Kinesis_20131202.ListStreams")
                .header("X-Amz-Date", "20261123T000000Z")
                .header("Authorization", "AWS4-HMAC-SHA256 Credential=123456789012/20261123/eu-central-1/kinesis/"
                    + "aws4_request, SignedHeaders=host, Signature=0")
                .POST(BodyPublishers.ofString("{}"))
                .build();
            HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
            System.out.println(response.version() + " " + response.statusCode() + " " + response.body());
        }
    }
}
