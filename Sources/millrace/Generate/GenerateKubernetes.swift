internal import ArgumentParser

extension GenerateCommand {
    struct Kubernetes: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "k8s",
            abstract: "Print manifests for Kubernetes: StatefulSet, Services, PodDisruptionBudget.",
            discussion: """
                One server with a volume of its own. Clients in the cluster reach it by NAME.NAMESPACE.svc; its Kafka \
                listener advertises that. Listeners ask nobody who he is until you set them up otherwise: keep the \
                namespace closed, or see the security document.

                  millrace generate k8s --namespace streams --storage 100Gi | kubectl apply -f -
                """
        )

        @Option(help: "The name of everything that is made.")
        var name = "millrace"

        @Option(help: "The namespace.")
        var namespace = "default"

        @Option(help: "The image.")
        var image = "millrace:\(Version.number)"

        @Option(help: "The size of the volume.")
        var storage = "20Gi"

        @Option(help: "The class of the volume. (default: the cluster's)")
        var storageClass: String?

        @Option(help: "The memory of the container; the server's own limit is half of it.")
        var memoryMib = 1024

        @Flag(help: "A ServiceMonitor too, for clusters that run the Prometheus operator.")
        var serviceMonitor = false

        func run() throws {
            let name = try GeneratedFile.checked(self.name, option: "--name", allowing: "-")
            let namespace = try GeneratedFile.checked(self.namespace, option: "--namespace", allowing: "-")
            guard name.count <= 52, name == name.lowercased(), namespace == namespace.lowercased() else {
                throw Failure("--name and --namespace are names of Kubernetes: small letters, digits and hyphens")
            }
            guard self.memoryMib >= 256 else { throw Failure("--memory-mib is at least 256, not \(self.memoryMib)") }
            let values = Values(
                name: name,
                namespace: namespace,
                image: try GeneratedFile.checked(self.image, option: "--image", allowing: "-._/:@"),
                storage: try GeneratedFile.checked(self.storage, option: "--storage", allowing: "."),
                storageClass: try self.storageClass.map {
                    try GeneratedFile.checked($0, option: "--storage-class", allowing: "-.")
                },
                memoryMib: self.memoryMib
            )
            var parts = [values.headless, values.service, values.disruptionBudget, values.statefulSet]
            if self.serviceMonitor { parts.append(values.serviceMonitor) }
            let text = parts.joined(separator: "---\n")
            try GeneratedFile.publish([GeneratedFile(name: "millrace.yaml", text: text)], directory: nil)
        }
    }

    fileprivate struct Values {
        var name: String
        var namespace: String
        var image: String
        var storage: String
        var storageClass: String?
        var memoryMib: Int

        private var labels: String { "{app.kubernetes.io/name: \(self.name)}" }

        private func metadata(_ name: String) -> String {
            "metadata: {name: \(name), namespace: \(self.namespace), labels: \(self.labels)}"
        }

        private var ports: String {
            """
              ports:
                - {name: kafka, port: 9092, targetPort: kafka}
                - {name: kinesis, port: 4566, targetPort: kinesis}
                - {name: admin, port: 8080, targetPort: admin}

            """
        }

        /// Gives the pod its name; also while it starts, since clients are told the address before.
        var headless: String {
            """
            apiVersion: v1
            kind: Service
            \(self.metadata(self.name + "-headless"))
            spec:
              clusterIP: None
              publishNotReadyAddresses: true
              selector: \(self.labels)
            \(self.ports)
            """
        }

        var service: String {
            """
            apiVersion: v1
            kind: Service
            \(self.metadata(self.name))
            spec:
              selector: \(self.labels)
            \(self.ports)
            """
        }

        var disruptionBudget: String {
            """
            apiVersion: policy/v1
            kind: PodDisruptionBudget
            \(self.metadata(self.name))
            spec:
              # One server is all there is: a drain waits until you move it.
              maxUnavailable: 0
              selector: {matchLabels: \(self.labels)}

            """
        }

        var serviceMonitor: String {
            """
            apiVersion: monitoring.coreos.com/v1
            kind: ServiceMonitor
            \(self.metadata(self.name))
            spec:
              # The alert rules name the job.
              jobLabel: app.kubernetes.io/name
              selector: {matchLabels: \(self.labels)}
              endpoints:
                - {port: admin, path: /metrics, interval: 15s}

            """
        }

        var statefulSet: String {
            let storageClass = self.storageClass.map { "\n        storageClassName: \($0)" } ?? ""
            return """
                apiVersion: apps/v1
                kind: StatefulSet
                \(self.metadata(self.name))
                spec:
                  serviceName: \(self.name)-headless
                  replicas: 1
                  selector: {matchLabels: \(self.labels)}
                  template:
                    metadata: {labels: \(self.labels)}
                    spec:
                      terminationGracePeriodSeconds: 30
                      securityContext:
                        runAsNonRoot: true
                        runAsUser: 65532
                        runAsGroup: 65532
                        fsGroup: 65532
                        fsGroupChangePolicy: OnRootMismatch
                        seccompProfile: {type: RuntimeDefault}
                      containers:
                        - name: millrace
                          image: \(self.image)
                          env:
                            - {name: KAFKA_LISTENERS, value: "PLAINTEXT://0.0.0.0:9092"}
                            - name: KAFKA_ADVERTISED_LISTENERS
                              value: "PLAINTEXT://\(self.name)-0.\(self.name)-headless.\(self.namespace).svc:9092"
                            - {name: MILLRACE_MEMORY_LIMIT, value: "\(self.memoryMib / 2)MiB"}
                          ports:
                            - {name: kafka, containerPort: 9092}
                            - {name: kinesis, containerPort: 4566}
                            - {name: admin, containerPort: 8080}
                          startupProbe:
                            httpGet: {path: /health/ready, port: admin}
                            periodSeconds: 2
                            # A start after a crash reads the journal first.
                            failureThreshold: 300
                          readinessProbe:
                            httpGet: {path: /health/ready, port: admin}
                            periodSeconds: 5
                          livenessProbe:
                            httpGet: {path: /health/live, port: admin}
                            periodSeconds: 10
                            failureThreshold: 6
                          resources:
                            requests: {cpu: 500m, memory: \(self.memoryMib)Mi}
                            limits: {memory: \(self.memoryMib)Mi}
                          securityContext:
                            allowPrivilegeEscalation: false
                            capabilities: {drop: [ALL]}
                          volumeMounts:
                            - {name: data, mountPath: /var/lib/millrace}
                  volumeClaimTemplates:
                    - metadata: {name: data, labels: \(self.labels)}
                      spec:
                        accessModes: [ReadWriteOnce]\(storageClass)
                        resources: {requests: {storage: \(self.storage)}}

                """
        }
    }
}
