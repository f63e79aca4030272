import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Kafka's own client against the server that the first argument names. Prints a line for each check that held. */
public class KafkaClients {
    static String servers;
    static Admin admin;
    static final String UNIQUE = Long.toHexString(System.nanoTime());

    public static void main(String[] arguments) throws Exception {
        servers = arguments[0];
        admin = Admin.create(properties());
        topics();
        produce();
        for (String protocol : List.of("classic", "consumer")) groups(protocol);
        regularExpressions();
        transactions();
        for (String protocol : List.of("classic", "consumer")) exactlyOnce(protocol);
        removal();
        admin.close();
        System.out.println("all");
    }

    static void topics() throws Exception {
        NewTopic one = new NewTopic("one-" + UNIQUE, 4, (short) 1).configs(Map.of("retention.ms", "100000000"));
        NewTopic two = new NewTopic("two-" + UNIQUE, Optional.empty(), Optional.empty());
        var created = admin.createTopics(List.of(one, two));
        check("partitions", get(created.numPartitions(one.name())) == 4);
        Uuid id = get(created.topicId(one.name()));
        var topic = get(admin.describeTopics(List.of(one.name())).allTopicNames()).get(one.name());
        check("topic id", topic.topicId().equals(id));
        refused("a topic twice", TopicExistsException.class, () -> get(admin.createTopics(List.of(one)).all()));
        get(admin.createPartitions(Map.of("two-" + UNIQUE, NewPartitions.increaseTo(3))).all());
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, one.name());
        get(admin.incrementalAlterConfigs(Map.of(resource, List.of(
            new AlterConfigOp(new ConfigEntry("cleanup.policy", "compact"), AlterConfigOp.OpType.APPEND),
            new AlterConfigOp(new ConfigEntry("retention.ms", ""), AlterConfigOp.OpType.DELETE)))).all());
        var configuration = get(admin.describeConfigs(List.of(resource)).all()).get(resource);
        check("cleanup.policy", configuration.get("cleanup.policy").value().equals("delete,compact"));
        check("retention.ms", configuration.get("retention.ms").isDefault());
        var features = get(admin.describeFeatures().featureMetadata()).finalizedFeatures();
        check("features", features.containsKey("group.version"));
        check("quorum", get(admin.describeMetadataQuorum().quorumInfo()).voters().size() == 1);
    }

    static void produce() throws Exception {
        String topic = "one-" + UNIQUE;
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            try (var producer = producer("compression.type", codec, "linger.ms", "5")) {
                List<Future<RecordMetadata>> sent = new ArrayList<>();
                for (int i = 0; i < 500; i++) {
                    String value = codec + "-" + "v".repeat(100) + i;
                    sent.add(producer.send(new ProducerRecord<>(topic, i % 4, "k" + i, value)));
                }
                for (var one : sent) one.get(60, TimeUnit.SECONDS);
            }
            System.out.println("ok " + codec);
        }
        try (var producer = producer("max.request.size", "5000000")) {
            refused("a large record", RecordTooLargeException.class,
                () -> producer.send(new ProducerRecord<>(topic, "k", "v".repeat(3_000_000))).get(60, TimeUnit.SECONDS));
        }
        TopicPartition partition = new TopicPartition(topic, 0);
        check("offsets", offset(partition, OffsetSpec.latest()) == 625);
        get(admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(5))).all());
        check("low watermark", offset(partition, OffsetSpec.earliest()) == 5);
    }

    /** Two members share a topic; the second goes and comes back. A static one of the classic protocol is removed. */
    static void groups(String protocol) throws Exception {
        boolean isClassic = protocol.equals("classic");
        String group = protocol + UNIQUE;
        String topic = "one-" + UNIQUE;
        String[] settings = {"group.id", group, "group.protocol", protocol};
        TopicPartition partition = new TopicPartition(topic, 1);
        try (var first = consumer(settings)) {
            first.subscribe(List.of(topic));
            check(protocol + " reads all", poll(first, 2495).size() == 2495);
            first.commitSync();
            for (int i = 0; i < 2; i++) {
                String[] more = isClassic ? new String[] {"group.instance.id", "static"} : new String[] {};
                try (var second = consumer(with(settings, more))) {
                    second.subscribe(List.of(topic));
                    share(first, second);
                    second.poll(Duration.ofMillis(100));
                }
            }
            first.commitSync(Map.of(partition, new OffsetAndMetadata(7, Optional.of(0), "méta")));
            check(protocol + " metadata", first.committed(Set.of(partition)).get(partition).metadata().equals("méta"));
            var described = get(admin.describeConsumerGroups(List.of(group)).all()).get(group);
            check(protocol + " members", described.members().size() >= 1);
        }
        if (isClassic) {
            var options = new RemoveMembersFromConsumerGroupOptions(Set.of(new MemberToRemove("static")));
            get(admin.removeMembersFromConsumerGroup(group, options).all());
        }
        get(admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(9))).all());
        check(protocol + " altered", offset(group, partition) == 9);
        get(admin.deleteConsumerGroups(List.of(group)).all());
        System.out.println("ok " + protocol);
    }

    /** One member names the topic, the other matches it: they share it (KIP-848). */
    static void regularExpressions() throws Exception {
        String[] settings = {"group.id", "regex" + UNIQUE, "group.protocol", "consumer"};
        try (var first = consumer(settings); var second = consumer(settings)) {
            first.subscribe(List.of("one-" + UNIQUE));
            until("one member has all", () -> { poll(first); return first.assignment().size() == 4; });
            second.subscribe(new SubscriptionPattern("one-[0-9a-f]+"));
            share(first, second);
        }
        System.out.println("ok regular expression");
    }

    static void transactions() throws Exception {
        String topic = "transactions-" + UNIQUE;
        get(admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1))).all());
        var partitions = List.of(new TopicPartition(topic, 0), new TopicPartition(topic, 1));
        try (var producer = producer("transactional.id", "t" + UNIQUE)) {
            producer.initTransactions();
            for (int i = 0; i < 20; i++) {
                producer.beginTransaction();
                for (int j = 0; j < 10; j++) producer.send(new ProducerRecord<>(topic, j % 2, "k", i + "-" + j));
                producer.flush();
                if (i % 2 == 0) producer.commitTransaction(); else producer.abortTransaction();
            }
        }
        try (var committed = consumer("isolation.level", "read_committed"); var all = consumer()) {
            committed.assign(partitions);
            all.assign(partitions);
            check("all records", poll(all, 200).size() == 200);
            check("committed records", poll(committed, 100).size() == 100);
            check("no more of them", poll(committed, 1, 2).isEmpty());
        }
        try (var zombie = producer("transactional.id", "f" + UNIQUE);
             var next = producer("transactional.id", "f" + UNIQUE)) {
            zombie.initTransactions();
            zombie.beginTransaction();
            zombie.send(new ProducerRecord<>(topic, "k", "zombie")).get();
            next.initTransactions();
            refused("a zombie", ProducerFencedException.class, () -> { zombie.commitTransaction(); return null; });
        }
        try (var hanging = producer("transactional.id", "h" + UNIQUE)) {
            hanging.initTransactions();
            hanging.beginTransaction();
            hanging.send(new ProducerRecord<>(topic, 0, "k", "open")).get();
            ProducerState open = open(partitions.get(0)).get(0);
            get(admin.abortTransaction(new AbortTransactionSpec(
                partitions.get(0), open.producerId(), (short) open.producerEpoch(),
                open.coordinatorEpoch().orElse(0) < 0 ? 0 : open.coordinatorEpoch().orElse(0))).all());
            check("aborted by an operator", open(partitions.get(0)).isEmpty());
        }
    }

    /** Copies what is committed, and its offsets with it. */
    static void exactlyOnce(String protocol) throws Exception {
        String source = "transactions-" + UNIQUE;
        String target = "copy-" + protocol + UNIQUE;
        get(admin.createTopics(List.of(new NewTopic(target, 1, (short) 1))).all());
        try (var producer = producer("transactional.id", "copy" + protocol + UNIQUE);
             var consumer = consumer("group.id", "copy" + protocol + UNIQUE, "group.protocol", protocol,
                 "isolation.level", "read_committed", "max.poll.records", "17")) {
            producer.initTransactions();
            consumer.subscribe(List.of(source));
            int[] copied = {0};
            until("copied", () -> {
                var records = consumer.poll(Duration.ofMillis(200));
                if (records.isEmpty()) return copied[0] >= 100;
                producer.beginTransaction();
                Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
                for (var record : records) {
                    producer.send(new ProducerRecord<>(target, record.key(), record.value()));
                    TopicPartition from = new TopicPartition(record.topic(), record.partition());
                    offsets.put(from, new OffsetAndMetadata(record.offset() + 1));
                }
                producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
                producer.commitTransaction();
                copied[0] += records.count();
                return copied[0] >= 100;
            });
        }
        try (var consumer = consumer("isolation.level", "read_committed")) {
            consumer.assign(List.of(new TopicPartition(target, 0)));
            check(protocol + " copies each once", poll(consumer, 100).size() == 100 && poll(consumer, 1, 1).isEmpty());
        }
    }

    static void removal() throws Exception {
        get(admin.deleteTopics(List.of("two-" + UNIQUE)).all());
        refused("a removed topic", UnknownTopicOrPartitionException.class,
            () -> get(admin.deleteTopics(List.of("two-" + UNIQUE)).all()));
    }

    // What the checks are made of

    static void check(String name, boolean holds) {
        if (!holds) throw new AssertionError(name);
        System.out.println("ok " + name);
    }

    static void refused(String name, Class<? extends Throwable> error, Callable<?> body) throws Exception {
        try {
            body.call();
        } catch (Exception raised) {
            Throwable cause = raised instanceof ExecutionException ? raised.getCause() : raised;
            if (!error.isInstance(cause)) throw new AssertionError(name + " is refused with another error", cause);
            System.out.println("ok " + name);
            return;
        }
        throw new AssertionError(name + " is not refused");
    }

    static void until(String name, BooleanSupplier condition) {
        long end = System.nanoTime() + 90_000_000_000L;
        while (!condition.getAsBoolean()) if (System.nanoTime() > end) throw new AssertionError(name);
    }

    static void share(KafkaConsumer<String, String> first, KafkaConsumer<String, String> second) {
        until("two partitions each", () -> {
            poll(first);
            poll(second);
            return first.assignment().size() == 2 && second.assignment().size() == 2;
        });
    }

    static List<ProducerState> open(TopicPartition partition) throws Exception {
        var producers = get(admin.describeProducers(List.of(partition)).all()).get(partition).activeProducers();
        return producers.stream().filter(one -> one.currentTransactionStartOffset().isPresent()).toList();
    }

    static long offset(String group, TopicPartition partition) throws Exception {
        return get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()).get(partition).offset();
    }

    static long offset(TopicPartition partition, OffsetSpec position) throws Exception {
        return get(admin.listOffsets(Map.of(partition, position)).all()).get(partition).offset();
    }

    static <T> T get(KafkaFuture<T> future) throws Exception { return future.get(60, TimeUnit.SECONDS); }

    static List<ConsumerRecord<String, String>> poll(KafkaConsumer<String, String> consumer) {
        return poll(consumer, 1, 0);
    }

    static List<ConsumerRecord<String, String>> poll(KafkaConsumer<String, String> consumer, int count) {
        return poll(consumer, count, 90);
    }

    static List<ConsumerRecord<String, String>> poll(KafkaConsumer<String, String> consumer, int count, int seconds) {
        List<ConsumerRecord<String, String>> records = new ArrayList<>();
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        do {
            for (var record : consumer.poll(Duration.ofMillis(50))) records.add(record);
        } while (records.size() < count && System.nanoTime() < end);
        return records;
    }

    static Properties properties(String... settings) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", servers);
        for (int i = 0; i < settings.length; i += 2) properties.put(settings[i], settings[i + 1]);
        return properties;
    }

    static String[] with(String[] settings, String... more) {
        List<String> both = new ArrayList<>(List.of(settings));
        both.addAll(List.of(more));
        return both.toArray(String[]::new);
    }

    static KafkaProducer<String, String> producer(String... settings) {
        return new KafkaProducer<>(properties(settings), new StringSerializer(), new StringSerializer());
    }

    static KafkaConsumer<String, String> consumer(String... settings) {
        String[] all = with(settings, "auto.offset.reset", "earliest", "enable.auto.commit", "false");
        return new KafkaConsumer<>(properties(all), new StringDeserializer(), new StringDeserializer());
    }
}
