// Generated from packaging/; do not edit.

/// The files that `millrace generate` prints. scripts/generate-dashboards writes this one.
enum ShippedFiles {
    static let alertRules =
#"""
# Alerts for Prometheus. `promtool test rules` runs millrace.test.yml; a test holds that every metric here is served.
groups:
  - name: millrace
    rules:
      - alert: MillraceDown
        expr: up{job="millrace"} == 0
        for: 1m
        labels: {severity: critical}
        annotations:
          summary: "{{ $labels.instance }} does not answer."
          action: "See `systemctl status millrace` and the log's last lines."

      - alert: MillraceNotReady
        expr: millrace_ready == 0
        for: 5m
        labels: {severity: critical}
        annotations:
          summary: "{{ $labels.instance }} runs and does not serve clients."
          action: "Its /health/ready says why; a start after a crash reads the journal first."

      - alert: MillraceRestartLoop
        expr: changes(process_start_time_seconds{job="millrace"}[15m]) > 2
        labels: {severity: critical}
        annotations:
          summary: "{{ $labels.instance }} has started {{ $value }} times within 15 minutes."
          action: "Its log ends with the reason: `journalctl -u millrace`."

      - alert: MillraceDamagedRecords
        expr: millrace_damaged_ranges > 0
        labels: {severity: critical}
        annotations:
          summary: "{{ $labels.instance }} refuses {{ $value }} ranges of offsets that are damaged on disk."
          action: "`millrace check DATA-DIR` names them, `millrace repair DATA-DIR` prints what can be done."

      - alert: MillraceErrorRatio
        expr: >
          sum by (instance, protocol) (rate(millrace_requests_failed_total[5m]))
          / sum by (instance, protocol) (rate(millrace_requests_total[5m])) > 0.01
        for: 5m
        labels: {severity: warning}
        annotations:
          summary: "{{ $value | humanizePercentage }} of the {{ $labels.protocol }} requests of {{ $labels.instance }} fail."
          action: "The log names the clients and errors."

      - alert: MillraceGroupStalled
        expr: millrace_group_status{status="stalled"} == 1
        for: 5m
        labels: {severity: warning}
        annotations:
          summary: "Group {{ $labels.group }} has members and commits nothing, although there is something to read."
          action: "Look at its members' logs: `millrace group describe {{ $labels.group }}`."

      - alert: MillraceGroupStopped
        expr: millrace_group_status{status="stopped"} == 1
        for: 15m
        labels: {severity: warning}
        annotations:
          summary: "Group {{ $labels.group }} has no member, and there is something to read."
          action: "Start its consumers, or delete it: `millrace group delete {{ $labels.group }}`."

      - alert: MillraceGroupLagSeconds
        # Change the limit to what your readers promise.
        expr: max by (instance, group, topic) (millrace_group_lag_seconds) > 600
        for: 5m
        labels: {severity: warning}
        annotations:
          summary: "Group {{ $labels.group }} is {{ $value | humanizeDuration }} behind on {{ $labels.topic }}."
          action: "Add consumers, or partitions when each consumer has one already."

      - alert: MillraceCleanerStuck
        expr: millrace_log_cleaner_uncleanable_partitions > 0
        for: 15m
        labels: {severity: warning}
        annotations:
          summary: "{{ $value }} partitions of {{ $labels.instance }} cannot be compacted."
          action: "The log names them and says why."

      - alert: MillraceScrubberLate
        expr: millrace_scrub_last_pass_age_seconds > 7 * 24 * 3600
        labels: {severity: info}
        annotations:
          summary: "The data of {{ $labels.instance }} have not been verified as a whole for {{ $value | humanizeDuration }}."
          action: "Raise --scrub-rate."

      - alert: MillraceDiskBelow15Percent
        expr: millrace_disk_free_bytes / millrace_disk_size_bytes < 0.15
        for: 5m
        labels: {severity: warning}
        annotations:
          summary: "{{ $value | humanizePercentage }} of the disk of {{ $labels.instance }} is free."
          action: "Lower retention.ms or retention.bytes of large topics (`millrace topic alter`), or enlarge the volume."

      - alert: MillraceDiskFullSoon
        expr: >
          predict_linear(millrace_disk_free_bytes[1h], 4 * 3600) < 0
          and millrace_disk_free_bytes / millrace_disk_size_bytes < 0.5
        for: 15m
        labels: {severity: critical}
        annotations:
          summary: "At the pace of the last hour the disk of {{ $labels.instance }} is full within four hours."
          action: "Lower retention.ms or retention.bytes of large topics (`millrace topic alter`), or enlarge the volume."

      - alert: MillraceJournalSlow
        expr: >
          histogram_quantile(0.99, sum by (instance, le) (rate(millrace_journal_write_duration_seconds_bucket[5m]))) > 0.1
        for: 10m
        labels: {severity: warning}
        annotations:
          summary: "One in a hundred journal writes of {{ $labels.instance }} takes {{ $value | humanizeDuration }} or more."
          action: "See what else uses the disk; every acknowledged record waits for such a write."

      - alert: MillraceCheckpointLate
        expr: millrace_checkpoint_age_seconds > 300
        for: 5m
        labels: {severity: warning}
        annotations:
          summary: "{{ $labels.instance }} has forced nothing to its segments for {{ $value | humanizeDuration }}."
          action: "The log says which checkpoint failed and why; until one succeeds the journal grows."

      - alert: MillraceProduceSlow
        expr: >
          histogram_quantile(0.95,
            sum by (instance, le) (rate(millrace_kafka_request_duration_seconds_bucket{api="Produce"}[5m]))) > 0.1
        for: 10m
        labels: {severity: warning}
        annotations:
          summary: "One in twenty Produce requests to {{ $labels.instance }} takes {{ $value | humanizeDuration }} or more."
          action: "millrace_kafka_produce_stage_duration_seconds tells where: queue, append or durable."

      - alert: MillraceLagNearRetention
        expr: >
          max by (instance, group, topic) (millrace_group_lag_seconds)
          / on (instance, topic) group_left () max by (instance, topic) (millrace_topic_retention_seconds) > 0.8
        for: 1m
        labels: {severity: critical}
        annotations:
          summary: "Group {{ $labels.group }} is about to lose records of {{ $labels.topic }} that it has not read."
          action: "Raise retention.ms of the topic now: `millrace topic alter {{ $labels.topic }}`."

      - alert: MillraceIteratorAge
        expr: >
          millrace_stream_iterator_age_seconds
          / on (instance, stream) group_left ()
          label_replace(millrace_topic_retention_seconds, "stream", "$1", "topic", "(.*)") > 0.5
        for: 5m
        labels: {severity: warning}
        annotations:
          summary: "A reader of stream {{ $labels.stream }} is behind by {{ $value | humanizePercentage }} of its retention."
          action: "millrace_reader_behind_seconds names the reader."

      - alert: MillraceThrottled
        expr: sum by (instance, stream, direction) (rate(millrace_stream_throttled_total[5m])) > 0
        for: 5m
        labels: {severity: warning}
        annotations:
          summary: "Clients exceed the {{ $labels.direction }} throughput of stream {{ $labels.stream }}."
          action: "Split its busiest shard, or switch the limits off: kinesis.limits=off."

      - alert: MillraceFileDescriptors
        expr: process_open_fds{job="millrace"} / process_max_fds{job="millrace"} > 0.8
        for: 5m
        labels: {severity: warning}
        annotations:
          summary: "{{ $labels.instance }} has {{ $value | humanizePercentage }} of its file descriptors open."
          action: "Raise LimitNOFILE of its unit, or lower max.connections."

      - alert: MillraceCertificateExpires
        expr: millrace_tls_certificate_expiry_timestamp_seconds - time() < 14 * 24 * 3600
        labels: {severity: warning}
        annotations:
          summary: "The certificate of listener {{ $labels.listener }} of {{ $labels.instance }} expires in {{ $value | humanizeDuration }}."
          action: "Replace its files: they are read again by themselves."

"""#
    static let systemdUnit =
#"""
[Unit]
Description=Millrace, a streaming server for Kafka and Kinesis clients
Documentation=man:millrace(1) file:///usr/share/doc/millrace/README.md
Wants=network-online.target
After=network-online.target

[Service]
# READY=1 comes when connections are accepted; a start after a crash asks for more time as it needs it.
Type=notify
NotifyAccess=main
ExecStart=/usr/bin/millrace serve --config /etc/millrace/millrace.yaml --data-dir /var/lib/millrace $MILLRACE_OPTS
EnvironmentFile=-/etc/default/millrace
Restart=on-failure
RestartSec=1s
# The event loops have stopped to answer.
WatchdogSec=60s
TimeoutStartSec=90s
# Requests in flight are finished within five seconds; the rest writes what the log has.
TimeoutStopSec=30s

User=millrace
Group=millrace
UMask=0077
StateDirectory=millrace
StateDirectoryMode=0750
ConfigurationDirectory=millrace
WorkingDirectory=/var/lib/millrace
LimitNOFILE=1048576
OOMScoreAdjust=-500

# It needs its own files, the network and nothing else.
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers=yes
PrivateMounts=yes
RemoveIPC=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
DevicePolicy=closed
KeyringMode=private

[Install]
WantedBy=multi-user.target

"""#
    /// By name.
    static let dashboards: [(name: String, text: String)] = [
    ("millrace-overview",
#"""
{
 "uid": "millrace-overview",
 "title": "Millrace / Overview",
 "description": "What comes in and goes out, and what is wrong. Generated by scripts/generate-dashboards of Millrace; changes here are lost with the next version.",
 "tags": [
  "millrace"
 ],
 "editable": true,
 "schemaVersion": 39,
 "version": 1,
 "refresh": "30s",
 "time": {
  "from": "now-3h",
  "to": "now"
 },
 "timezone": "browser",
 "graphTooltip": 1,
 "links": [
  {
   "title": "Millrace",
   "type": "dashboards",
   "tags": [
    "millrace"
   ],
   "asDropdown": true,
   "keepTime": true,
   "includeVars": true
  }
 ],
 "templating": {
  "list": [
   {
    "name": "datasource",
    "label": "Data source",
    "type": "datasource",
    "query": "prometheus"
   },
   {
    "name": "instance",
    "label": "Server",
    "type": "query",
    "refresh": 2,
    "multi": true,
    "includeAll": true,
    "datasource": {
     "type": "prometheus",
     "uid": "${datasource}"
    },
    "query": {
     "query": "label_values(millrace_build_info, instance)",
     "refId": "instance"
    },
    "current": {
     "text": "All",
     "value": "$__all"
    }
   }
  ]
 },
 "panels": [
  {
   "id": 1,
   "type": "stat",
   "title": "Servers",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "count(millrace_build_info{instance=~\"$instance\"})",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 2,
   "type": "stat",
   "title": "Appended",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 4,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "Bps",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum (rate(millrace_appended_bytes_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 3,
   "type": "stat",
   "title": "Read",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "Bps",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum (rate(millrace_read_bytes_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 4,
   "type": "stat",
   "title": "Worst group",
   "description": "Age of the oldest record that a group has not read.",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 12,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       },
       {
        "color": "red",
        "value": 600
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "max(millrace_group_lag_seconds{instance=~\"$instance\"})",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 5,
   "type": "stat",
   "title": "Damaged ranges",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       },
       {
        "color": "red",
        "value": 1
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum(millrace_damaged_ranges{instance=~\"$instance\"})",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 6,
   "type": "stat",
   "title": "Disk free",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 20,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "percentunit",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "min(millrace_disk_free_bytes{instance=~\"$instance\"} / millrace_disk_size_bytes{instance=~\"$instance\"})",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 7,
   "type": "row",
   "title": "Traffic",
   "collapsed": false,
   "gridPos": {
    "x": 0,
    "y": 4,
    "w": 24,
    "h": 1
   },
   "panels": []
  },
  {
   "id": 8,
   "type": "timeseries",
   "title": "Appended by protocol",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 5,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "Bps",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (protocol) (rate(millrace_appended_bytes_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "{{protocol}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 9,
   "type": "timeseries",
   "title": "Read by protocol",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 5,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "Bps",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (protocol) (rate(millrace_read_bytes_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "{{protocol}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 10,
   "type": "timeseries",
   "title": "Records appended",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 5,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (protocol) (rate(millrace_appended_records_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "{{protocol}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 11,
   "type": "timeseries",
   "title": "Requests",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 13,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "reqps",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (protocol) (rate(millrace_requests_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "{{protocol}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 12,
   "type": "timeseries",
   "title": "Requests that failed",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 13,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "reqps",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (protocol) (rate(millrace_requests_failed_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "{{protocol}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 13,
   "type": "timeseries",
   "title": "Connections",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 13,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (protocol, listener) (millrace_listener_connections{instance=~\"$instance\"})",
     "legendFormat": "{{protocol}} {{listener}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 14,
   "type": "row",
   "title": "Latency",
   "collapsed": false,
   "gridPos": {
    "x": 0,
    "y": 21,
    "w": 24,
    "h": 1
   },
   "panels": []
  },
  {
   "id": 15,
   "type": "timeseries",
   "title": "Produce",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 22,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "histogram_quantile(0.5, sum by (le) (rate(millrace_kafka_request_duration_seconds_bucket{instance=~\"$instance\",api=\"Produce\"}[$__rate_interval])))",
     "legendFormat": "median",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    },
    {
     "refId": "B",
     "expr": "histogram_quantile(0.99, sum by (le) (rate(millrace_kafka_request_duration_seconds_bucket{instance=~\"$instance\",api=\"Produce\"}[$__rate_interval])))",
     "legendFormat": "99 %",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 16,
   "type": "timeseries",
   "title": "Puts of Kinesis",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 22,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "histogram_quantile(0.5, sum by (le) (rate(millrace_kinesis_request_duration_seconds_bucket{instance=~\"$instance\",operation=~\"PutRecords?\"}[$__rate_interval])))",
     "legendFormat": "median",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    },
    {
     "refId": "B",
     "expr": "histogram_quantile(0.99, sum by (le) (rate(millrace_kinesis_request_duration_seconds_bucket{instance=~\"$instance\",operation=~\"PutRecords?\"}[$__rate_interval])))",
     "legendFormat": "99 %",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 17,
   "type": "timeseries",
   "title": "Journal writes",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 22,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "histogram_quantile(0.5, sum by (le) (rate(millrace_journal_write_duration_seconds_bucket{instance=~\"$instance\"}[$__rate_interval])))",
     "legendFormat": "median",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    },
    {
     "refId": "B",
     "expr": "histogram_quantile(0.99, sum by (le) (rate(millrace_journal_write_duration_seconds_bucket{instance=~\"$instance\"}[$__rate_interval])))",
     "legendFormat": "99 %",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 18,
   "type": "row",
   "title": "Resources",
   "collapsed": false,
   "gridPos": {
    "x": 0,
    "y": 30,
    "w": 24,
    "h": 1
   },
   "panels": []
  },
  {
   "id": 19,
   "type": "timeseries",
   "title": "Disk",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 31,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "bytes",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "millrace_disk_free_bytes{instance=~\"$instance\"}",
     "legendFormat": "{{instance}} free",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    },
    {
     "refId": "B",
     "expr": "predict_linear(millrace_disk_free_bytes{instance=~\"$instance\"}[1h], 4 * 3600)",
     "legendFormat": "{{instance}} in four hours",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 20,
   "type": "timeseries",
   "title": "CPU",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 31,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (instance) (rate(process_cpu_seconds_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "{{instance}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 21,
   "type": "timeseries",
   "title": "Memory",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 31,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "bytes",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "process_resident_memory_bytes{instance=~\"$instance\"}",
     "legendFormat": "{{instance}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  }
 ]
}

"""#
    ),
    ("millrace-topics",
#"""
{
 "uid": "millrace-topics",
 "title": "Millrace / Topics and streams",
 "description": "Traffic and size of each topic, which is a stream too. Generated by scripts/generate-dashboards of Millrace; changes here are lost with the next version.",
 "tags": [
  "millrace"
 ],
 "editable": true,
 "schemaVersion": 39,
 "version": 1,
 "refresh": "30s",
 "time": {
  "from": "now-3h",
  "to": "now"
 },
 "timezone": "browser",
 "graphTooltip": 1,
 "links": [
  {
   "title": "Millrace",
   "type": "dashboards",
   "tags": [
    "millrace"
   ],
   "asDropdown": true,
   "keepTime": true,
   "includeVars": true
  }
 ],
 "templating": {
  "list": [
   {
    "name": "datasource",
    "label": "Data source",
    "type": "datasource",
    "query": "prometheus"
   },
   {
    "name": "instance",
    "label": "Server",
    "type": "query",
    "refresh": 2,
    "multi": true,
    "includeAll": true,
    "datasource": {
     "type": "prometheus",
     "uid": "${datasource}"
    },
    "query": {
     "query": "label_values(millrace_build_info, instance)",
     "refId": "instance"
    },
    "current": {
     "text": "All",
     "value": "$__all"
    }
   }
  ]
 },
 "panels": [
  {
   "id": 1,
   "type": "stat",
   "title": "Topics",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum(millrace_topics{instance=~\"$instance\"})",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 2,
   "type": "stat",
   "title": "Partitions",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 4,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum(millrace_partitions{instance=~\"$instance\"})",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 3,
   "type": "stat",
   "title": "Size",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "bytes",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum(millrace_topic_size_bytes{instance=~\"$instance\"})",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 4,
   "type": "stat",
   "title": "Without own series",
   "description": "Topics summed up as (others); see metrics.topics.max.",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 12,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum(millrace_metrics_topics_left_out{instance=~\"$instance\"})",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 5,
   "type": "stat",
   "title": "Open shards",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum(millrace_stream_shards{instance=~\"$instance\",state=\"open\"})",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 6,
   "type": "stat",
   "title": "Damaged ranges",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 20,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       },
       {
        "color": "red",
        "value": 1
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum(millrace_damaged_ranges{instance=~\"$instance\"})",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 7,
   "type": "row",
   "title": "The busiest topics",
   "collapsed": false,
   "gridPos": {
    "x": 0,
    "y": 4,
    "w": 24,
    "h": 1
   },
   "panels": []
  },
  {
   "id": 8,
   "type": "timeseries",
   "title": "Appended",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 5,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "Bps",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(15, sum by (topic) (rate(millrace_topic_appended_bytes_total{instance=~\"$instance\"}[$__rate_interval])))",
     "legendFormat": "{{topic}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 9,
   "type": "timeseries",
   "title": "Read",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 12,
    "y": 5,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "Bps",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(15, sum by (topic) (rate(millrace_topic_read_bytes_total{instance=~\"$instance\"}[$__rate_interval])))",
     "legendFormat": "{{topic}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 10,
   "type": "timeseries",
   "title": "Records appended",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 13,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(15, sum by (topic) (rate(millrace_topic_appended_records_total{instance=~\"$instance\"}[$__rate_interval])))",
     "legendFormat": "{{topic}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 11,
   "type": "timeseries",
   "title": "Records read",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 12,
    "y": 13,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(15, sum by (topic) (rate(millrace_topic_read_records_total{instance=~\"$instance\"}[$__rate_interval])))",
     "legendFormat": "{{topic}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 12,
   "type": "row",
   "title": "What is stored",
   "collapsed": false,
   "gridPos": {
    "x": 0,
    "y": 21,
    "w": 24,
    "h": 1
   },
   "panels": []
  },
  {
   "id": 13,
   "type": "table",
   "title": "Size",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 22,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "bytes",
     "min": 0
    },
    "overrides": []
   },
   "options": {
    "showHeader": true
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(25, sum by (topic) (millrace_topic_size_bytes{instance=~\"$instance\"}))",
     "legendFormat": "",
     "instant": true,
     "range": false,
     "format": "table",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 14,
   "type": "table",
   "title": "Partitions",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 12,
    "y": 22,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0
    },
    "overrides": []
   },
   "options": {
    "showHeader": true
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(25, sum by (topic) (millrace_topic_partitions{instance=~\"$instance\"}))",
     "legendFormat": "",
     "instant": true,
     "range": false,
     "format": "table",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 15,
   "type": "timeseries",
   "title": "Growth",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 30,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "Bps",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(15, deriv(millrace_topic_size_bytes{instance=~\"$instance\"}[10m]))",
     "legendFormat": "{{topic}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 16,
   "type": "timeseries",
   "title": "Deleted",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 12,
    "y": 30,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "Bps",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (reason) (rate(millrace_segments_deleted_bytes_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "{{reason}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 17,
   "type": "row",
   "title": "Compaction",
   "collapsed": false,
   "gridPos": {
    "x": 0,
    "y": 38,
    "w": 24,
    "h": 1
   },
   "panels": []
  },
  {
   "id": 18,
   "type": "timeseries",
   "title": "Cleaner reads and writes",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 39,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "Bps",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum (rate(millrace_log_cleaner_read_bytes_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "read",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    },
    {
     "refId": "B",
     "expr": "sum (rate(millrace_log_cleaner_written_bytes_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "written",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 19,
   "type": "timeseries",
   "title": "Dirtiest partition",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 39,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "percent",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "millrace_log_cleaner_max_dirty_percent{instance=~\"$instance\"}",
     "legendFormat": "{{instance}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 20,
   "type": "timeseries",
   "title": "Uncleanable partitions",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 39,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "millrace_log_cleaner_uncleanable_partitions{instance=~\"$instance\"}",
     "legendFormat": "{{instance}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  }
 ]
}

"""#
    ),
    ("millrace-readers",
#"""
{
 "uid": "millrace-readers",
 "title": "Millrace / Groups and readers",
 "description": "How far consumers are behind, in records and seconds. Generated by scripts/generate-dashboards of Millrace; changes here are lost with the next version.",
 "tags": [
  "millrace"
 ],
 "editable": true,
 "schemaVersion": 39,
 "version": 1,
 "refresh": "30s",
 "time": {
  "from": "now-3h",
  "to": "now"
 },
 "timezone": "browser",
 "graphTooltip": 1,
 "links": [
  {
   "title": "Millrace",
   "type": "dashboards",
   "tags": [
    "millrace"
   ],
   "asDropdown": true,
   "keepTime": true,
   "includeVars": true
  }
 ],
 "templating": {
  "list": [
   {
    "name": "datasource",
    "label": "Data source",
    "type": "datasource",
    "query": "prometheus"
   },
   {
    "name": "instance",
    "label": "Server",
    "type": "query",
    "refresh": 2,
    "multi": true,
    "includeAll": true,
    "datasource": {
     "type": "prometheus",
     "uid": "${datasource}"
    },
    "query": {
     "query": "label_values(millrace_build_info, instance)",
     "refId": "instance"
    },
    "current": {
     "text": "All",
     "value": "$__all"
    }
   }
  ]
 },
 "panels": [
  {
   "id": 1,
   "type": "stat",
   "title": "Worst group",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       },
       {
        "color": "red",
        "value": 600
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "max(millrace_group_lag_seconds{instance=~\"$instance\"})",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 2,
   "type": "stat",
   "title": "Worst reader",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 4,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       },
       {
        "color": "red",
        "value": 600
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "max(millrace_reader_behind_seconds{instance=~\"$instance\"})",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 3,
   "type": "stat",
   "title": "Stalled groups",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       },
       {
        "color": "red",
        "value": 1
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum(millrace_group_status{instance=~\"$instance\",status=\"stalled\"}) or vector(0)",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 4,
   "type": "stat",
   "title": "Stopped groups",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 12,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       },
       {
        "color": "red",
        "value": 1
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum(millrace_group_status{instance=~\"$instance\",status=\"stopped\"}) or vector(0)",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 5,
   "type": "stat",
   "title": "Groups without series",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum(millrace_group_lag_left_out{instance=~\"$instance\"})",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 6,
   "type": "stat",
   "title": "Readers without series",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 20,
    "y": 0,
    "w": 4,
    "h": 4
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "thresholds": {
      "mode": "absolute",
      "steps": [
       {
        "color": "green",
        "value": null
       }
      ]
     }
    },
    "overrides": []
   },
   "options": {
    "reduceOptions": {
     "calcs": [
      "lastNotNull"
     ]
    },
    "colorMode": "value",
    "graphMode": "area"
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum(millrace_readers_left_out{instance=~\"$instance\"})",
     "legendFormat": "",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 7,
   "type": "row",
   "title": "Groups",
   "collapsed": false,
   "gridPos": {
    "x": 0,
    "y": 4,
    "w": 24,
    "h": 1
   },
   "panels": []
  },
  {
   "id": 8,
   "type": "timeseries",
   "title": "Seconds behind",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 5,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(15, max by (group, topic) (millrace_group_lag_seconds{instance=~\"$instance\"}))",
     "legendFormat": "{{group}} {{topic}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 9,
   "type": "timeseries",
   "title": "Records behind",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 12,
    "y": 5,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(15, sum by (group, topic) (millrace_group_lag_records{instance=~\"$instance\"}))",
     "legendFormat": "{{group}} {{topic}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 10,
   "type": "timeseries",
   "title": "Catch-up",
   "description": "Records by which the lag changes each second; below 0 the group catches up.",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 13,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "bottomk(15, deriv(millrace_group_lag_records{instance=~\"$instance\"}[5m]))",
     "legendFormat": "{{group}} {{topic}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 11,
   "type": "timeseries",
   "title": "Share of the retention",
   "description": "At 1 the group loses records that it has not read.",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 12,
    "y": 13,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "percentunit",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(15, max by (group, topic) (millrace_group_lag_seconds{instance=~\"$instance\"}) / on (topic) group_left () max by (topic) (millrace_topic_retention_seconds{instance=~\"$instance\"}))",
     "legendFormat": "{{group}} {{topic}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 12,
   "type": "table",
   "title": "Fullest partition",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 21,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0
    },
    "overrides": []
   },
   "options": {
    "showHeader": true
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(25, max by (group, topic) (millrace_group_lag_records_max{instance=~\"$instance\"}))",
     "legendFormat": "",
     "instant": true,
     "range": false,
     "format": "table",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 13,
   "type": "table",
   "title": "Status",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 12,
    "y": 21,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0
    },
    "overrides": []
   },
   "options": {
    "showHeader": true
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (group, status) (millrace_group_status{instance=~\"$instance\"})",
     "legendFormat": "",
     "instant": true,
     "range": false,
     "format": "table",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 14,
   "type": "row",
   "title": "Readers of streams",
   "collapsed": false,
   "gridPos": {
    "x": 0,
    "y": 29,
    "w": 24,
    "h": 1
   },
   "panels": []
  },
  {
   "id": 15,
   "type": "timeseries",
   "title": "Seconds behind",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 30,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(15, max by (stream, reader, kind) (millrace_reader_behind_seconds{instance=~\"$instance\"}))",
     "legendFormat": "{{stream}} {{reader}} ({{kind}})",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 16,
   "type": "timeseries",
   "title": "Records behind",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 12,
    "y": 30,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(15, sum by (stream, reader, kind) (millrace_reader_behind_records{instance=~\"$instance\"}))",
     "legendFormat": "{{stream}} {{reader}} ({{kind}})",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  }
 ]
}

"""#
    ),
    ("millrace-kinesis",
#"""
{
 "uid": "millrace-kinesis",
 "title": "Millrace / Kinesis",
 "description": "The graphs that CloudWatch has of streams, by their names there. Generated by scripts/generate-dashboards of Millrace; changes here are lost with the next version.",
 "tags": [
  "millrace"
 ],
 "editable": true,
 "schemaVersion": 39,
 "version": 1,
 "refresh": "30s",
 "time": {
  "from": "now-3h",
  "to": "now"
 },
 "timezone": "browser",
 "graphTooltip": 1,
 "links": [
  {
   "title": "Millrace",
   "type": "dashboards",
   "tags": [
    "millrace"
   ],
   "asDropdown": true,
   "keepTime": true,
   "includeVars": true
  }
 ],
 "templating": {
  "list": [
   {
    "name": "datasource",
    "label": "Data source",
    "type": "datasource",
    "query": "prometheus"
   },
   {
    "name": "instance",
    "label": "Server",
    "type": "query",
    "refresh": 2,
    "multi": true,
    "includeAll": true,
    "datasource": {
     "type": "prometheus",
     "uid": "${datasource}"
    },
    "query": {
     "query": "label_values(millrace_build_info, instance)",
     "refId": "instance"
    },
    "current": {
     "text": "All",
     "value": "$__all"
    }
   }
  ]
 },
 "panels": [
  {
   "id": 1,
   "type": "row",
   "title": "Streams",
   "collapsed": false,
   "gridPos": {
    "x": 0,
    "y": 0,
    "w": 24,
    "h": 1
   },
   "panels": []
  },
  {
   "id": 2,
   "type": "timeseries",
   "title": "IncomingBytes",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 1,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "Bps",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(15, sum by (topic) (rate(millrace_topic_appended_bytes_total{instance=~\"$instance\",protocol=\"kinesis\"}[$__rate_interval])))",
     "legendFormat": "{{topic}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 3,
   "type": "timeseries",
   "title": "IncomingRecords",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 1,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(15, sum by (topic) (rate(millrace_topic_appended_records_total{instance=~\"$instance\",protocol=\"kinesis\"}[$__rate_interval])))",
     "legendFormat": "{{topic}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 4,
   "type": "timeseries",
   "title": "GetRecords.IteratorAge",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 1,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(15, max by (stream) (millrace_stream_iterator_age_seconds{instance=~\"$instance\"}))",
     "legendFormat": "{{stream}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 5,
   "type": "timeseries",
   "title": "GetRecords.Bytes",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 9,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "Bps",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(15, sum by (topic) (rate(millrace_topic_read_bytes_total{instance=~\"$instance\",protocol=\"kinesis\"}[$__rate_interval])))",
     "legendFormat": "{{topic}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 6,
   "type": "timeseries",
   "title": "GetRecords.Records",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 9,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "topk(15, sum by (topic) (rate(millrace_topic_read_records_total{instance=~\"$instance\",protocol=\"kinesis\"}[$__rate_interval])))",
     "legendFormat": "{{topic}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 7,
   "type": "timeseries",
   "title": "Throughput exceeded",
   "description": "ReadProvisionedThroughputExceeded and WriteProvisionedThroughputExceeded.",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 9,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (stream, direction) (rate(millrace_stream_throttled_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "{{stream}} {{direction}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 8,
   "type": "timeseries",
   "title": "Shards",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 17,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (stream, state) (millrace_stream_shards{instance=~\"$instance\"})",
     "legendFormat": "{{stream}} {{state}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 9,
   "type": "timeseries",
   "title": "SubscribeToShard behind",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 17,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "max by (stream, reader) (millrace_reader_behind_seconds{instance=~\"$instance\",kind=\"efo\"})",
     "legendFormat": "{{stream}} {{reader}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 10,
   "type": "timeseries",
   "title": "KCL applications behind",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 17,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "max by (stream, reader) (millrace_reader_behind_seconds{instance=~\"$instance\",kind=\"kcl\"})",
     "legendFormat": "{{stream}} {{reader}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 11,
   "type": "row",
   "title": "Operations",
   "collapsed": false,
   "gridPos": {
    "x": 0,
    "y": 25,
    "w": 24,
    "h": 1
   },
   "panels": []
  },
  {
   "id": 12,
   "type": "timeseries",
   "title": "Requests",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 26,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "reqps",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (operation) (rate(millrace_kinesis_requests_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "{{operation}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 13,
   "type": "timeseries",
   "title": "Errors",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 26,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "reqps",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (operation, code) (rate(millrace_kinesis_requests_total{instance=~\"$instance\",code!=\"ok\"}[$__rate_interval]))",
     "legendFormat": "{{operation}} {{code}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 14,
   "type": "timeseries",
   "title": "PutRecords.Latency",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 26,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "histogram_quantile(0.5, sum by (le) (rate(millrace_kinesis_request_duration_seconds_bucket{instance=~\"$instance\",operation=~\"PutRecords?\"}[$__rate_interval])))",
     "legendFormat": "median",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    },
    {
     "refId": "B",
     "expr": "histogram_quantile(0.99, sum by (le) (rate(millrace_kinesis_request_duration_seconds_bucket{instance=~\"$instance\",operation=~\"PutRecords?\"}[$__rate_interval])))",
     "legendFormat": "99 %",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 15,
   "type": "timeseries",
   "title": "GetRecords.Latency",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 34,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "histogram_quantile(0.5, sum by (le) (rate(millrace_kinesis_request_duration_seconds_bucket{instance=~\"$instance\",operation=~\"GetRecords\"}[$__rate_interval])))",
     "legendFormat": "median",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    },
    {
     "refId": "B",
     "expr": "histogram_quantile(0.99, sum by (le) (rate(millrace_kinesis_request_duration_seconds_bucket{instance=~\"$instance\",operation=~\"GetRecords\"}[$__rate_interval])))",
     "legendFormat": "99 %",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 16,
   "type": "timeseries",
   "title": "Failed authentications",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 34,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (protocol) (rate(millrace_authentications_failed_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "{{protocol}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 17,
   "type": "timeseries",
   "title": "Connections",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 34,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "millrace_connections{instance=~\"$instance\",protocol=\"kinesis\"}",
     "legendFormat": "{{instance}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  }
 ]
}

"""#
    ),
    ("millrace-broker",
#"""
{
 "uid": "millrace-broker",
 "title": "Millrace / Broker internals",
 "description": "Where the time and the memory of a server go. Generated by scripts/generate-dashboards of Millrace; changes here are lost with the next version.",
 "tags": [
  "millrace"
 ],
 "editable": true,
 "schemaVersion": 39,
 "version": 1,
 "refresh": "30s",
 "time": {
  "from": "now-3h",
  "to": "now"
 },
 "timezone": "browser",
 "graphTooltip": 1,
 "links": [
  {
   "title": "Millrace",
   "type": "dashboards",
   "tags": [
    "millrace"
   ],
   "asDropdown": true,
   "keepTime": true,
   "includeVars": true
  }
 ],
 "templating": {
  "list": [
   {
    "name": "datasource",
    "label": "Data source",
    "type": "datasource",
    "query": "prometheus"
   },
   {
    "name": "instance",
    "label": "Server",
    "type": "query",
    "refresh": 2,
    "multi": true,
    "includeAll": true,
    "datasource": {
     "type": "prometheus",
     "uid": "${datasource}"
    },
    "query": {
     "query": "label_values(millrace_build_info, instance)",
     "refId": "instance"
    },
    "current": {
     "text": "All",
     "value": "$__all"
    }
   }
  ]
 },
 "panels": [
  {
   "id": 1,
   "type": "row",
   "title": "Kafka requests",
   "collapsed": false,
   "gridPos": {
    "x": 0,
    "y": 0,
    "w": 24,
    "h": 1
   },
   "panels": []
  },
  {
   "id": 2,
   "type": "timeseries",
   "title": "Requests",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 1,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "reqps",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (api) (rate(millrace_kafka_requests_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "{{api}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 3,
   "type": "timeseries",
   "title": "Errors",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 1,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "reqps",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (api, code) (rate(millrace_kafka_request_errors_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "{{api}} {{code}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 4,
   "type": "timeseries",
   "title": "99 % of requests take less",
   "description": "A Fetch waits for records as long as its client likes.",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 1,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "histogram_quantile(0.99, sum by (le, api) (rate(millrace_kafka_request_duration_seconds_bucket{instance=~\"$instance\",api!=\"Fetch\"}[$__rate_interval])))",
     "legendFormat": "{{api}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 5,
   "type": "timeseries",
   "title": "Parts of a Produce",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 9,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "histogram_quantile(0.99, sum by (le, stage) (rate(millrace_kafka_produce_stage_duration_seconds_bucket{instance=~\"$instance\"}[$__rate_interval])))",
     "legendFormat": "{{stage}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 6,
   "type": "timeseries",
   "title": "Quotas",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 9,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (quota) (rate(millrace_quota_throttled_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "{{quota}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 7,
   "type": "timeseries",
   "title": "Failed authentications",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 9,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum by (protocol) (rate(millrace_authentications_failed_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "{{protocol}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 8,
   "type": "row",
   "title": "Storage",
   "collapsed": false,
   "gridPos": {
    "x": 0,
    "y": 17,
    "w": 24,
    "h": 1
   },
   "panels": []
  },
  {
   "id": 9,
   "type": "timeseries",
   "title": "Journal writes",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 18,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "histogram_quantile(0.5, sum by (le) (rate(millrace_journal_write_duration_seconds_bucket{instance=~\"$instance\"}[$__rate_interval])))",
     "legendFormat": "median",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    },
    {
     "refId": "B",
     "expr": "histogram_quantile(0.99, sum by (le) (rate(millrace_journal_write_duration_seconds_bucket{instance=~\"$instance\"}[$__rate_interval])))",
     "legendFormat": "99 %",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 10,
   "type": "timeseries",
   "title": "Journal",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 18,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "Bps",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum (rate(millrace_journal_written_bytes_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "written",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 11,
   "type": "timeseries",
   "title": "Journal queue",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 18,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "bytes",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "millrace_journal_queue_bytes{instance=~\"$instance\"}",
     "legendFormat": "{{instance}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 12,
   "type": "timeseries",
   "title": "Oldest change without a checkpoint",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 26,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "millrace_checkpoint_age_seconds{instance=~\"$instance\"}",
     "legendFormat": "{{instance}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 13,
   "type": "timeseries",
   "title": "Verified in the background",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 26,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "Bps",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "sum (rate(millrace_scrub_verified_bytes_total{instance=~\"$instance\"}[$__rate_interval]))",
     "legendFormat": "verified",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 14,
   "type": "timeseries",
   "title": "Disk",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 26,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "bytes",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "millrace_disk_free_bytes{instance=~\"$instance\"}",
     "legendFormat": "{{instance}} free",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    },
    {
     "refId": "B",
     "expr": "millrace_disk_size_bytes{instance=~\"$instance\"}",
     "legendFormat": "{{instance}} size",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 15,
   "type": "row",
   "title": "Event loops",
   "collapsed": false,
   "gridPos": {
    "x": 0,
    "y": 34,
    "w": 24,
    "h": 1
   },
   "panels": []
  },
  {
   "id": 16,
   "type": "timeseries",
   "title": "Busy",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 35,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "percentunit",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "rate(millrace_eventloop_busy_seconds_total{instance=~\"$instance\"}[$__rate_interval])",
     "legendFormat": "{{instance}} {{loop}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 17,
   "type": "timeseries",
   "title": "Delay",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 12,
    "y": 35,
    "w": 12,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "histogram_quantile(0.5, sum by (le) (rate(millrace_eventloop_delay_seconds_bucket{instance=~\"$instance\"}[$__rate_interval])))",
     "legendFormat": "median",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    },
    {
     "refId": "B",
     "expr": "histogram_quantile(0.99, sum by (le) (rate(millrace_eventloop_delay_seconds_bucket{instance=~\"$instance\"}[$__rate_interval])))",
     "legendFormat": "99 %",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 18,
   "type": "row",
   "title": "Memory and files",
   "collapsed": false,
   "gridPos": {
    "x": 0,
    "y": 43,
    "w": 24,
    "h": 1
   },
   "panels": []
  },
  {
   "id": 19,
   "type": "timeseries",
   "title": "Memory by part",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 44,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "percentunit",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "millrace_memory_used_bytes{instance=~\"$instance\"} / millrace_memory_limit_bytes{instance=~\"$instance\"}",
     "legendFormat": "{{instance}} {{pool}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 20,
   "type": "timeseries",
   "title": "Resident memory",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 44,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "bytes",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "process_resident_memory_bytes{instance=~\"$instance\"}",
     "legendFormat": "{{instance}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 21,
   "type": "timeseries",
   "title": "Open files",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 44,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "short",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "process_open_fds{instance=~\"$instance\"}",
     "legendFormat": "{{instance}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    },
    {
     "refId": "B",
     "expr": "process_max_fds{instance=~\"$instance\"}",
     "legendFormat": "{{instance}} limit",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 22,
   "type": "timeseries",
   "title": "Certificates expire in",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 0,
    "y": 52,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "millrace_tls_certificate_expiry_timestamp_seconds{instance=~\"$instance\"} - time()",
     "legendFormat": "{{instance}} {{listener}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 23,
   "type": "timeseries",
   "title": "Time of a scrape",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 8,
    "y": 52,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "s",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "millrace_scrape_duration_seconds{instance=~\"$instance\"}",
     "legendFormat": "{{instance}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  },
  {
   "id": 24,
   "type": "timeseries",
   "title": "Up since",
   "description": "",
   "datasource": {
    "type": "prometheus",
    "uid": "${datasource}"
   },
   "gridPos": {
    "x": 16,
    "y": 52,
    "w": 8,
    "h": 8
   },
   "fieldConfig": {
    "defaults": {
     "unit": "dateTimeFromNow",
     "min": 0,
     "custom": {
      "fillOpacity": 8,
      "lineWidth": 1,
      "showPoints": "never"
     }
    },
    "overrides": []
   },
   "options": {
    "legend": {
     "displayMode": "list",
     "placement": "bottom"
    },
    "tooltip": {
     "mode": "multi",
     "sort": "desc"
    }
   },
   "targets": [
    {
     "refId": "A",
     "expr": "process_start_time_seconds{instance=~\"$instance\"} * 1000",
     "legendFormat": "{{instance}}",
     "instant": false,
     "range": true,
     "format": "time_series",
     "datasource": {
      "type": "prometheus",
      "uid": "${datasource}"
     }
    }
   ]
  }
 ]
}

"""#
    ),
    ]
}
