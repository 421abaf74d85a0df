// Tokens of Microsoft Entra for remote endpoints. The fields are those of Prometheus's storage/remote/azuread.

import type * as z from 'zod';
import type {YamlMap} from '../base/yaml-write.ts';
import {type Complain, hide, linesOf} from '../http/config-parts.ts';
import {boolean, optionalSection, secret, section, text} from '../model/fields.ts';

export interface AzureAdConfig {
  cloud: string;
  /** '' = that of the service. */
  scope: string;
  identity:
    | {kind: 'managed'; clientId: string}
    | {kind: 'workload'; clientId: string; tenantId: string; tokenFile: string}
    | {kind: 'oauth'; clientId: string; clientSecret: string; tenantId: string}
    | {kind: 'sdk'; tenantId: string}
    | {
        kind: 'certificate';
        clientId: string;
        tenantId: string;
        certificateFile: string;
        keyFile: string;
        password: string;
        sendChain: boolean;
      };
}

export const azureAdFields = section(() => ({
  managed_identity: optionalSection(section(() => ({client_id: text.default('')}))).default(null),
  workload_identity: optionalSection(
    section(() => ({
      client_id: text.default(''),
      tenant_id: text.default(''),
      token_file_path: text.default(''),
    })),
  ).default(null),
  oauth: optionalSection(
    section(() => ({
      client_id: text.default(''),
      client_secret: secret.default(''),
      tenant_id: text.default(''),
    })),
  ).default(null),
  sdk: optionalSection(section(() => ({tenant_id: text.default('')}))).default(null),
  certificate: optionalSection(
    section(() => ({
      client_id: text.default(''),
      tenant_id: text.default(''),
      certificate_path: text.default(''),
      certificate_key_path: text.default(''),
      certificate_password: secret.default(''),
      send_certificate_chain: boolean.default(false),
    })),
  ).default(null),
  cloud: text.default(''),
  scope: text.default(''),
}));

type Fields = z.output<typeof azureAdFields>;

const clouds = ['AzureChina', 'AzureGovernment', 'AzurePublic'];
const tokenFileDefault = '/var/run/secrets/azure/tokens/azure-identity-token';
const uuid = /^(?:urn:uuid:)?\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?$/i;
const scopePattern = /^[\w\s:/.-]+$/;

export interface ReadAzureAd {
  config: AzureAdConfig;
  /** Lines of the section, secrets hidden. */
  document: YamlMap;
}

/** Checks what the fields say together. null where the identity is missing, which was complained of. */
export function readAzureAd(
  fields: Fields,
  variables: Readonly<Record<string, string | undefined>>,
  complain: Complain,
): ReadAzureAd | null {
  const cloud = fields.cloud === '' ? 'AzurePublic' : fields.cloud;
  if (!clouds.includes(cloud)) complain(['cloud'], 'must provide a cloud in the Azure AD config');
  const names = ['managed_identity', 'workload_identity', 'oauth', 'sdk', 'certificate'] as const;
  const given = names.filter((name) => fields[name] !== null);
  if (given.length > 1)
    complain([given[1]!], 'cannot provide multiple authentication methods in the Azure AD config');
  if (fields.scope !== '' && !scopePattern.test(fields.scope))
    complain(['scope'], 'the provided scope contains invalid characters');
  const [name] = given;
  if (name === undefined) {
    complain(
      [],
      'must provide an Azure Managed Identity, Azure Workload Identity, Azure OAuth, Azure Certificate or Azure SDK in the Azure AD config',
    );
    return null;
  }
  const tokenFile =
    fields.workload_identity?.token_file_path || variables['AZURE_FEDERATED_TOKEN_FILE'] || tokenFileDefault;
  checkIdentity(fields, name, (path, message) => complain([name, ...path], message));
  return {
    config: {cloud, scope: fields.scope, identity: identityOf(fields, tokenFile)},
    document: new Map([
      [name, documentOfIdentity(fields, tokenFile)],
      ...linesOf({cloud, scope: fields.scope}),
    ]),
  };
}

const titles = {
  managed_identity: 'Managed Identity',
  workload_identity: 'Workload Identity',
  oauth: 'OAuth',
  sdk: 'SDK',
  certificate: 'Certificate',
} as const;

const needed: Record<keyof typeof titles, readonly string[]> = {
  managed_identity: [],
  workload_identity: ['client_id', 'tenant_id'],
  oauth: ['client_id', 'client_secret', 'tenant_id'],
  sdk: [],
  certificate: ['client_id', 'tenant_id', 'certificate_path'],
};

function checkIdentity(fields: Fields, name: keyof typeof titles, complain: Complain): void {
  const values = fields[name] as Record<string, string>;
  const title = `Azure ${titles[name]}`;
  for (const field of needed[name])
    if (values[field] === '') complain([field], `must provide an ${title} ${field} in the Azure AD config`);
  const ids = name === 'workload_identity' ? ['client_id', 'tenant_id'] : ['client_id'];
  for (const field of ids) {
    const value = values[field] ?? '';
    if (value !== '' && !uuid.test(value)) complain([field], `the provided ${title} ${field} is invalid`);
  }
}

function identityOf(fields: Fields, tokenFile: string): AzureAdConfig['identity'] {
  const {managed_identity: managed, workload_identity: workload, oauth, sdk, certificate} = fields;
  if (managed !== null) return {kind: 'managed', clientId: managed.client_id};
  if (workload !== null)
    return {kind: 'workload', clientId: workload.client_id, tenantId: workload.tenant_id, tokenFile};
  if (oauth !== null)
    return {
      kind: 'oauth',
      clientId: oauth.client_id,
      clientSecret: oauth.client_secret,
      tenantId: oauth.tenant_id,
    };
  if (certificate !== null)
    return {
      kind: 'certificate',
      clientId: certificate.client_id,
      tenantId: certificate.tenant_id,
      certificateFile: certificate.certificate_path,
      keyFile: certificate.certificate_key_path,
      password: certificate.certificate_password,
      sendChain: certificate.send_certificate_chain,
    };
  return {kind: 'sdk', tenantId: sdk?.tenant_id ?? ''};
}

function documentOfIdentity(fields: Fields, tokenFile: string): YamlMap {
  const {managed_identity: managed, workload_identity: workload, oauth, sdk, certificate} = fields;
  if (managed !== null) return linesOf(managed);
  if (workload !== null) return linesOf({...workload, token_file_path: tokenFile});
  if (oauth !== null)
    return linesOf({
      client_id: oauth.client_id,
      client_secret: hide(oauth.client_secret),
      tenant_id: oauth.tenant_id,
    });
  if (certificate !== null)
    return linesOf({
      ...certificate,
      certificate_password: hide(certificate.certificate_password),
      send_certificate_chain: certificate.send_certificate_chain || '',
    });
  return linesOf(sdk ?? {});
}
