// What clients ask an API server about itself: its version, its kinds of objects, and their schemas (here: anything goes).
import {ProtobufWriter} from '../../src/base/protobuf-writer.ts';
import {type ApiResource, apiVersionOf} from './kubeapi-store.ts';

export const versionDocument = {
  major: '1',
  minor: '33',
  gitVersion: 'v1.33.0',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2025-04-23T13:00:00Z',
  goVersion: 'go1.24.2',
  compiler: 'gc',
  platform: 'linux/amd64',
};

function groupsOf(resources: readonly ApiResource[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const {group, version} of resources) {
    const versions = groups.get(group) ?? [];
    if (!versions.includes(version)) versions.push(version);
    groups.set(group, versions);
  }
  return groups;
}

function groupDocument(name: string, versions: readonly string[]): Record<string, unknown> {
  const all = versions.map((version) => ({groupVersion: `${name}/${version}`, version}));
  return {name, versions: all, preferredVersion: all[0]};
}

/** `/api`, `/apis`, `/apis/GROUP`, and `/api/v1` or `/apis/GROUP/VERSION`; null for other paths. */
export function discoveryDocument(path: string, resources: readonly ApiResource[]): unknown {
  const groups = groupsOf(resources);
  const steps = path.split('/').slice(1);
  if (path === '/api') return {kind: 'APIVersions', versions: groups.get('') ?? []};
  if (path === '/apis')
    return {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: [...groups]
        .filter(([name]) => name !== '')
        .map(([name, versions]) => groupDocument(name, versions)),
    };
  const [root, first = '', second] = steps;
  if (root === 'apis' && steps.length === 2) {
    const versions = groups.get(first);
    return versions === undefined
      ? null
      : {kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(first, versions)};
  }
  const [group, version] = root === 'api' ? ['', first] : [first, second ?? ''];
  if (steps.length !== (root === 'api' ? 2 : 3) || groups.get(group)?.includes(version) !== true) return null;
  const own = resources.filter((each) => each.group === group && each.version === version);
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: own.flatMap(resourceDocuments),
  };
}

function resourceDocuments(resource: ApiResource): unknown[] {
  const {plural, singular, kind, namespaced, shortNames, hasStatus} = resource;
  const document = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    ...(shortNames !== undefined && {shortNames}),
  };
  if (hasStatus !== true) return [document];
  return [
    document,
    {name: `${plural}/status`, singularName: '', namespaced, kind, verbs: ['get', 'patch', 'update']},
  ];
}

/** `/openapi/v3` and what it points to: that the server itself checks fields. */
export function openApiV3(path: string, resources: readonly ApiResource[]): unknown {
  const byVersion = Map.groupBy(resources, ({group, version}) =>
    group === '' ? `api/${version}` : `apis/${group}/${version}`,
  );
  if (path === '/openapi/v3')
    return {
      paths: Object.fromEntries(
        [...byVersion.keys()].map((key) => [key, {serverRelativeURL: `/openapi/v3/${key}?hash=1`}]),
      ),
    };
  const own = byVersion.get(path.slice('/openapi/v3/'.length));
  if (own === undefined) return null;
  const paths = own.map((resource) => {
    const {group, version, kind, namespaced, plural} = resource;
    const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const gvk = {group, version, kind};
    const parameters = [{name: 'fieldValidation', in: 'query', schema: {type: 'string'}}];
    const patch = {
      parameters,
      responses: {200: {description: 'OK'}},
      'x-kubernetes-action': 'patch',
      'x-kubernetes-group-version-kind': gvk,
    };
    return [`${root}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}/{name}`, {patch}];
  });
  return {
    openapi: '3.0.0',
    info: {title: 'Kubernetes', version: versionDocument.gitVersion},
    paths: Object.fromEntries(paths) as Record<string, unknown>,
    components: {schemas: {}},
  };
}

/** `/openapi/v2` as older kubectl want it: protobuf of https://github.com/google/gnostic/blob/main/openapiv2/OpenAPIv2.proto. */
export function openApiV2(resources: readonly ApiResource[]): Uint8Array {
  const definitions = resources.map((resource) => {
    const {group, version, kind} = resource;
    const yaml = `- group: ${JSON.stringify(group)}\n  version: ${version}\n  kind: ${kind}\n`;
    const extension = message((to) => {
      to.string(1, 'x-kubernetes-group-version-kind');
      to.bytes(
        2,
        message((any) => any.string(2, yaml)),
      );
    });
    const schema = message((to) => {
      to.string(3, `${kind} ${apiVersionOf(resource)}`);
      to.bytes(31, extension);
    });
    return message((to) => {
      to.string(1, `test.${group.replaceAll('.', '_') || 'core'}.${version}.${kind}`);
      to.bytes(2, schema);
    });
  });
  return message((to) => {
    to.string(1, '2.0');
    to.bytes(
      2,
      message((info) => {
        info.string(1, 'Kubernetes');
        info.string(2, versionDocument.gitVersion);
      }),
    );
    to.bytes(8, new Uint8Array());
    to.bytes(
      9,
      message((all) => {
        for (const definition of definitions) all.bytes(1, definition);
      }),
    );
  });
}

function message(write: (to: ProtobufWriter) => void): Uint8Array {
  const writer = new ProtobufWriter();
  write(writer);
  return writer.written.slice();
}
