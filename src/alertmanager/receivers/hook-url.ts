// `webhook_url` and `webhook_url_file` of several receivers.
import type {ReadContext} from '../integration.ts';
import {secretOf} from './sender.ts';

export interface HookUrlFields {
  webhook_url: string;
  webhook_url_file: string;
}

/** Exactly one of them. */
export function checkHookUrl(fields: HookUrlFields, {complain}: ReadContext): void {
  if (fields.webhook_url === '' && fields.webhook_url_file === '')
    complain([], 'one of webhook_url or webhook_url_file must be configured');
  checkOneHookUrl(fields, complain);
}

/** Not both of them. */
export function checkOneHookUrl(fields: HookUrlFields, complain: ReadContext['complain']): void {
  if (fields.webhook_url !== '' && fields.webhook_url_file !== '')
    complain(['webhook_url_file'], 'at most one of webhook_url & webhook_url_file must be configured');
}

export function hookUrlOf(
  {webhook_url: url, webhook_url_file: file}: HookUrlFields,
  prefix = 'read webhook_url_file: ',
): Promise<string> {
  return secretOf(url, file, {prefix});
}
