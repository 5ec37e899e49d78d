// The Helm chart, rendered: what it makes of its values, beside the configuration, the roles and the ports of the code.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { ROLES } from '../../server/ipc/run-file.ts';
import { version } from '../../server/platform/entry.ts';
import { configFiles } from '../support/config-files.ts';
import { joined, renderChart } from '../support/helm.ts';
import { root } from '../support/pages.ts';

const folder = join(root, 'deploy/helm/trunkline');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const defaults = parse(read('values.yaml')) as Record<string, object>;
const accepts = new Ajv({ allErrors: true }).compile(JSON.parse(read('values.schema.json')));
const { load } = configFiles();

/** A document that Kubernetes is given, as far as these tests look at it. */
interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Record<string, string> };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has a form of its own.
  readonly spec: any;
  readonly data: Record<string, string>;
}

function resources(values: object = {}): readonly Resource[] {
  const merged = joined(defaults, values);
  expect([accepts(merged), accepts.errors]).toEqual([true, null]);
  const rendered = renderChart(folder, merged);
  rendered.delete('NOTES.txt');
  return [...rendered.values()].flatMap((text) =>
    parseAllDocuments(text).flatMap((document) => {
      expect(document.errors).toEqual([]);
      return (document.toJS() as Resource | null) ?? [];
    }),
  );
}

const of = (all: readonly Resource[], kind: string) => all.filter((one) => one.kind === kind);
const names = (all: readonly Resource[]) => all.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
const pods = (all: readonly Resource[]) => of(all, 'Deployment').map(({ spec }) => spec.template);

/** Everything that the chart has. */
const EVERYTHING = {
  autoscaling: { enabled: true },
  serviceMonitor: { enabled: true },
  networkPolicy: { enabled: true, clients: [{ ipBlock: { cidr: '10.0.0.0/8' } }], monitoring: [{ podSelector: {} }] },
  config: { listen: { tlsPort: 8443, tls: { cert: '/tls/tls.crt', key: '/tls/tls.key' } } },
  tls: { secretName: 'voice-tls' },
  roles: { all: { replicas: 1 } },
  env: [{ name: 'HTTPS_PROXY', value: 'http://proxy.example.com:3128' }],
  imagePullSecrets: [{ name: 'registry' }],
  image: { tag: '0.0.1' },
  podAnnotations: { owner: 'voice' },
  nodeSelector: { pool: 'voice' },
  tolerations: [{ key: 'voice', operator: 'Exists' }],
  affinity: { nodeAffinity: {} },
  service: { annotations: { internal: 'true' } },
};

test('the chart makes two gateways and a side process, each with a disruption budget', () => {
  expect(names(resources())).toEqual([
    'ConfigMap trunkline',
    'Deployment trunkline-gateway',
    'Deployment trunkline-side',
    'PodDisruptionBudget trunkline-gateway',
    'PodDisruptionBudget trunkline-side',
    'Service trunkline',
    'Service trunkline-admin',
  ]);
});

test('the chart makes the rest where it is asked for', () => {
  const more = names(resources(EVERYTHING)).filter((name) => !names(resources()).includes(name));
  expect(more).toEqual([
    'HorizontalPodAutoscaler trunkline-gateway',
    'Deployment trunkline-all',
    'PodDisruptionBudget trunkline-all',
    'NetworkPolicy trunkline',
    'ServiceMonitor trunkline',
  ]);
});

test('the roles of the chart are those of the command, and each deployment serves with its own', () => {
  expect(Object.keys(defaults.roles ?? {}).sort()).toEqual([...ROLES].sort());
  for (const { metadata, spec } of of(resources(EVERYTHING), 'Deployment')) {
    const [container] = spec.template.spec.containers;
    const role = metadata.labels['app.kubernetes.io/component'];
    const places = ['--config', '/etc/trunkline/trunkline.yaml', '--data', '/var/lib/trunkline'];
    expect(container.args).toEqual(['serve', '--role', role, ...places]);
    expect(container.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath)).toEqual(
      expect.arrayContaining(['/etc/trunkline', '/var/lib/trunkline', '/tmp', '/tls']),
    );
  }
});

test('the gateway accepts the configuration of the chart with the variables that it names', () => {
  const [map] = of(resources(), 'ConfigMap');
  const config = load(map?.data['trunkline.yaml'] ?? '', {
    TRUNKLINE_ADMIN_TOKEN: 'secret-of-admin',
    TRUNKLINE_STORE_URL: 'postgres://user:password@host/database',
    OPENAI_API_KEY: 'secret-of-account',
  });
  expect([config.access, Object.keys(config.providers), config.rehearsal]).toEqual(['keys', ['openai'], false]);
});

test('the ports of pods, services and policies are those of the configuration', () => {
  const all = resources(joined(EVERYTHING, { config: { listen: { port: 8081 }, admin: { port: 9091 } } }) as object);
  for (const { metadata, spec } of pods(all)) {
    const isPublic = metadata.labels.serves === 'clients';
    const [{ ports }] = spec.containers;
    expect(ports).toEqual([
      ...(isPublic ? [{ name: 'http', containerPort: 8081 }] : []),
      ...(isPublic ? [{ name: 'https', containerPort: 8443 }] : []),
      { name: 'admin', containerPort: 9091 },
    ]);
  }
  const [service, admin] = of(all, 'Service');
  expect(service?.spec.ports.map((port: { targetPort: string }) => port.targetPort)).toEqual(['http', 'https']);
  expect(admin?.spec.ports).toEqual([{ name: 'admin', port: 9091, targetPort: 'admin' }]);
  const [policy] = of(all, 'NetworkPolicy');
  expect(policy?.spec.ingress).toEqual([
    { ports: [{ port: 'http' }, { port: 'https' }], from: EVERYTHING.networkPolicy.clients },
    { ports: [{ port: 'admin' }], from: EVERYTHING.networkPolicy.monitoring },
  ]);
});

test('selectors find the pods that they are for, and a service for clients finds no side process', () => {
  const all = resources(EVERYTHING);
  const found = (selector: Record<string, string>) =>
    pods(all)
      .filter(({ metadata }) => Object.entries(selector).every(([name, value]) => metadata.labels[name] === value))
      .map(({ metadata }) => metadata.labels['app.kubernetes.io/component']);
  const [service, admin] = of(all, 'Service');
  expect(found(service?.spec.selector)).toEqual(['all', 'gateway']);
  expect(found(admin?.spec.selector)).toEqual(['all', 'gateway', 'side']);
  for (const { metadata, spec } of [...of(all, 'Deployment'), ...of(all, 'PodDisruptionBudget')])
    expect(found(spec.selector.matchLabels)).toEqual([metadata.name.replace('trunkline-', '')]);
  const [monitor] = of(all, 'ServiceMonitor');
  expect(admin?.metadata.labels).toMatchObject(monitor?.spec.selector.matchLabels);
  expect(service?.metadata.labels).not.toMatchObject(monitor?.spec.selector.matchLabels);
  const [scaler] = of(all, 'HorizontalPodAutoscaler');
  expect(names(all)).toContain(`Deployment ${scaler?.spec.scaleTargetRef.name}`);
});

test('a pod is killed only after its pause, its drain and the ten seconds for tasks', () => {
  for (const drainMs of [600_000, 90_000]) {
    for (const { spec } of pods(resources({ config: { limits: { drainMs } }, preStopSeconds: 7 }))) {
      expect(spec.containers[0].lifecycle.preStop.exec.command).toEqual(['sleep', '7']);
      expect(spec.terminationGracePeriodSeconds).toBe(7 + drainMs / 1000 + 30);
    }
  }
});

test('pods are probed on paths of the admin listener, and gateways stay ready for sessions while the store is away', () => {
  const paths = pods(resources()).map(({ spec }) => {
    const { startupProbe, readinessProbe, livenessProbe } = spec.containers[0];
    const probes = [startupProbe, readinessProbe, livenessProbe].map(({ httpGet }) => httpGet);
    expect(probes.map(({ port }) => port)).toEqual(['admin', 'admin', 'admin']);
    return probes.map(({ path }) => path);
  });
  expect(paths).toEqual([
    ['/healthz', '/readyz?part=sessions', '/healthz'],
    ['/healthz', '/readyz', '/healthz'],
  ]);
});

test('pods run as the user of the image, without rights, and can write to their volumes alone', () => {
  for (const { spec } of pods(resources(EVERYTHING))) {
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
    });
    expect(spec.securityContext.seccompProfile).toEqual({ type: 'RuntimeDefault' });
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(spec.containers[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  }
});

test('a change of the configuration starts new pods, and a change of replicas does not', () => {
  const sums = (values: object) =>
    pods(resources(values)).map(({ metadata }) => metadata.annotations['checksum/config']);
  const [sum] = sums({});
  expect(sum).toMatch(/^[0-9a-f]{64}$/);
  expect(sums({ roles: { gateway: { replicas: 5 } } })).toEqual([sum, sum]);
  expect(sums({ config: { processes: 2 } })).not.toContain(sum);
});

test('gateways that are scaled have no number of their own', () => {
  const replicas = (values: object) => of(resources(values), 'Deployment').map(({ spec }) => spec.replicas);
  expect(replicas({})).toEqual([2, 1]);
  expect(replicas({ autoscaling: { enabled: true } })).toEqual([undefined, 1]);
});

test('the chart has the version of the package', () => {
  const chart = parse(read('Chart.yaml')) as { version: string; appVersion: string };
  expect([chart.version, chart.appVersion]).toEqual([version, version]);
  expect(pods(resources())[0].spec.containers[0].image).toBe(`trunkline:${version}`);
});

test.each([
  ['an unknown value', { replicas: 2 }],
  ['an unknown role', { roles: { worker: { replicas: 1 } } }],
  ['a listener without a port', { config: { listen: { port: null } } }],
  ['an admin listener without a token', { config: { admin: { token: undefined } } }],
  ['too little time to end', { graceSeconds: 5 }],
])('the schema of the values refuses %s', (_, values) => {
  expect(accepts(JSON.parse(JSON.stringify(joined(defaults, values))))).toBe(false);
});

test('the schema of the values has every value of the chart, and the chart uses each', () => {
  const schema = JSON.parse(read('values.schema.json')) as { properties: object };
  expect(Object.keys(schema.properties).filter((name) => name !== 'global')).toEqual(Object.keys(defaults));
  const templates = [...renderedSources()].join('\n');
  expect(Object.keys(defaults).filter((name) => !templates.includes(`.Values.${name}`))).toEqual([]);
});

function* renderedSources(): Iterable<string> {
  for (const name of renderChart(folder, defaults).keys()) yield read(`templates/${name}`);
}
