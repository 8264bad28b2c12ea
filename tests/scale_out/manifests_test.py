"""The Kubernetes manifests and the HAProxy configuration against each other, and against the daemon's own flags.

usage: manifests_test.py [unittest arguments], with RECURD_DAEMON (path of the daemon) and RECURD_SOURCE (the repository)
in the environment.
"""
import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

import yaml

SOURCE = Path(os.environ["RECURD_SOURCE"])
HAPROXY_CFG = SOURCE / "deploy/scale-out/haproxy.cfg"
DOCUMENTS = [(path.name, document) for path in sorted((SOURCE / "deploy/kubernetes").glob("*.yaml"))
             for document in yaml.safe_load_all(path.read_text())]


def the(kind, name):
    found = [document for _, document in DOCUMENTS if (document["kind"], document["metadata"]["name"]) == (kind, name)]
    assert len(found) == 1, f"{kind} {name}: {len(found)} of them"
    return found[0]


def workloads():
    return [document for _, document in DOCUMENTS if document["kind"] in ("StatefulSet", "Deployment")]


def pod(workload):
    return workload["spec"]["template"]["spec"]


def container(workload):
    (only,) = pod(workload)["containers"]
    return only


def flags():
    """Of the ConfigMap: name to value."""
    lines = the("ConfigMap", "recurd-flags")["data"]["recurd.flags"].splitlines()
    return dict(line.removeprefix("--").split("=", 1) for line in lines)


def seconds(duration):
    return int(re.fullmatch(r"(\d+)s", duration)[1])


class ManifestsTest(unittest.TestCase):
    def test_the_daemon_takes_the_flags_of_the_config_map(self):
        wanted = {**flags(), "listen": "127.0.0.1:0", "metrics_listen": "off", "model_repository": "no/such/folder"}
        started = subprocess.run([os.environ["RECURD_DAEMON"], *(f"--{name}={value}" for name, value in wanted.items())],
                                 capture_output=True, text=True, timeout=60)
        self.assertEqual(started.returncode, 1, started.stderr)  # 2: a flag is wrong; 1: there are no models
        self.assertIn("no/such/folder", started.stderr)
        shown = subprocess.run([os.environ["RECURD_DAEMON"], "--help"], capture_output=True, text=True, timeout=60).stdout
        for name in flags():
            self.assertRegex(shown, rf"--{name} \(")

    def test_ports_are_those_that_the_flags_name(self):
        ports = {port["name"]: port["containerPort"] for port in container(the("StatefulSet", "recurd"))["ports"]}
        self.assertEqual(ports, {"grpc": int(flags()["listen"].rpartition(":")[2]), "metrics": int(flags()["metrics_listen"].rpartition(":")[2])})
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            self.assertEqual(container(the("StatefulSet", "recurd"))[probe]["grpc"]["port"], ports["grpc"])
        self.assertEqual(flags()["sequence_store"], f"redis://recurd-redis:{the('Service', 'recurd-redis')['spec']['ports'][0]['port']}")
        haproxy = {item["name"]: item.get("value") for item in container(the("Deployment", "recurd-haproxy"))["env"]}
        self.assertEqual(haproxy["RECURD_LISTEN"], f"0.0.0.0:{container(the('Deployment', 'recurd-haproxy'))['ports'][0]['containerPort']}")

    def test_services_select_pods_that_have_their_ports(self):
        for name, service in DOCUMENTS:
            if service["kind"] != "Service":
                continue
            (target,) = [w for w in workloads() if service["spec"]["selector"].items() <= w["spec"]["template"]["metadata"]["labels"].items()]
            names = {port["name"] for port in container(target)["ports"]}
            self.assertLessEqual({port["targetPort"] for port in service["spec"]["ports"]}, names, name)

    def test_selectors_select_what_is_there(self):
        for workload in workloads():
            labels = workload["spec"]["template"]["metadata"]["labels"]
            self.assertLessEqual(workload["spec"]["selector"]["matchLabels"].items(), labels.items())
        labels = [w["spec"]["template"]["metadata"]["labels"] for w in workloads()]
        for kind, name in (("PodDisruptionBudget", "recurd"), ("PodDisruptionBudget", "recurd-haproxy")):
            self.assertIn(the(kind, name)["spec"]["selector"]["matchLabels"], labels)
        monitor = the("ServiceMonitor", "recurd")["spec"]
        headless = the("Service", "recurd-headless")
        self.assertLessEqual(monitor["selector"]["matchLabels"].items(), headless["metadata"]["labels"].items())
        self.assertIn(monitor["endpoints"][0]["port"], [port["name"] for port in headless["spec"]["ports"]])
        self.assertEqual(headless["metadata"]["labels"][monitor["jobLabel"]], "recurd")
        policy = the("NetworkPolicy", "recurd-redis")["spec"]
        self.assertIn(policy["podSelector"]["matchLabels"], labels)
        self.assertIn(policy["ingress"][0]["from"][0]["podSelector"]["matchLabels"], labels)

    def test_haproxy_knows_every_replica_by_its_name(self):
        daemons = the("StatefulSet", "recurd")
        port = container(daemons)["ports"][0]["containerPort"]
        named = [item["value"] for item in container(the("Deployment", "recurd-haproxy"))["env"] if re.fullmatch("RECURD_[A-Z]", item["name"])]
        self.assertEqual(named, [f"recurd-{i}.{daemons['spec']['serviceName']}.$(NAMESPACE).svc.cluster.local:{port}"
                                 for i in range(daemons["spec"]["replicas"])])
        self.assertEqual(len(re.findall(r"^  server ", HAPROXY_CFG.read_text(), re.MULTILINE)), daemons["spec"]["replicas"])

    def test_a_pod_has_time_to_drain(self):
        self.assertGreaterEqual(pod(the("StatefulSet", "recurd"))["terminationGracePeriodSeconds"], seconds(flags()["drain_timeout"]) + 10)

    def test_nothing_runs_as_root_or_may_write_to_its_image(self):
        for workload in workloads():
            self.assertTrue(pod(workload)["securityContext"]["runAsNonRoot"])
            self.assertTrue(container(workload)["securityContext"]["readOnlyRootFilesystem"])
            self.assertIn("memory", container(workload)["resources"]["limits"])

    def test_haproxy_takes_its_configuration_with_and_without_addresses(self):
        program = shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin")
        for environment in ({}, {"RECURD_LISTEN": "127.0.0.1:1", **{f"RECURD_{x}": "localhost:8001" for x in "ABC"}}):
            checked = subprocess.run([program, "-c", "-f", str(HAPROXY_CFG)], env={**os.environ, **environment}, capture_output=True, text=True, timeout=60)
            self.assertEqual(checked.returncode, 0, checked.stderr)
            self.assertNotRegex(checked.stderr, r"WARNING|ALERT")


if __name__ == "__main__":
    unittest.main()
