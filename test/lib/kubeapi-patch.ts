// Patches of objects: https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply.
import {ApiError} from './kubeapi-store.ts';

type Json = unknown;
type JsonObject = Record<string, Json>;

/** RFC 7386. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? {...target} : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** Lists whose elements are told apart by a field; other lists are replaced. */
const mergeKeys: Record<string, readonly string[]> = {
  containers: ['name'],
  initContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  ports: ['containerPort', 'port'],
  conditions: ['type'],
  addresses: ['type', 'ip'],
  ownerReferences: ['uid'],
};

/** A strategic merge patch, as far as the objects of tests need it; also what server-side apply does without owners of fields. */
export function strategicPatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  if (patch['$patch'] === 'replace') return withoutDirectives(patch);
  const result: JsonObject = isObject(target) ? {...target} : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue;
    if (value === null) delete result[key];
    else if (Array.isArray(value)) result[key] = patchList(key, result[key], value);
    else result[key] = strategicPatch(result[key], value);
  }
  return result;
}

function patchList(field: string, target: Json, patch: Json[]): Json[] {
  const key = mergeKeys[field]?.find((each) => patch.every((item) => isObject(item) && each in item));
  if (key === undefined || !Array.isArray(target)) return patch;
  const result = [...(target as JsonObject[])];
  for (const item of patch as JsonObject[]) {
    const index = result.findIndex((each) => each[key] === item[key]);
    if (item['$patch'] === 'delete') {
      if (index >= 0) result.splice(index, 1);
    } else if (index >= 0) result[index] = strategicPatch(result[index], item) as JsonObject;
    else result.push(item);
  }
  return result;
}

function withoutDirectives(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !key.startsWith('$')));
}

/** RFC 6902: add, remove, replace and test. */
export function jsonPatch(target: Json, operations: Json): Json {
  if (!Array.isArray(operations)) throw new ApiError(400, 'BadRequest', 'a JSON patch is a list');
  const root = {'': structuredClone(target)};
  for (const {op, path, value} of operations as {op: string; path: string; value?: Json}[]) {
    const steps = ['', ...path.split('/').slice(1)].map((step) =>
      step.replaceAll('~1', '/').replaceAll('~0', '~'),
    );
    const last = steps.pop()!;
    let parent: Json = root;
    for (const step of steps) parent = (parent as JsonObject)[step];
    if (typeof parent !== 'object' || parent === null)
      throw new ApiError(
        422,
        'Invalid',
        `the server rejected our request due to an error in our request: no ${path}`,
      );
    apply(parent as JsonObject, last, {op, path, value});
  }
  return root[''];
}

function apply(
  parent: JsonObject | Json[],
  last: string,
  {op, path, value}: {op: string; path: string; value: Json},
): void {
  if (op === 'test') {
    if (JSON.stringify((parent as JsonObject)[last]) !== JSON.stringify(value))
      throw new ApiError(422, 'Invalid', `testing value ${path} failed`);
  } else if (Array.isArray(parent)) {
    const index = last === '-' ? parent.length : Number(last);
    if (op === 'add') parent.splice(index, 0, value);
    else if (op === 'remove') parent.splice(index, 1);
    else parent[index] = value;
  } else if (op === 'remove') delete parent[last];
  else parent[last] = value;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
