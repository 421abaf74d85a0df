// Errors of requests, in the reader's words with the server's own text below.
import {Button} from '@mantine/core';
import type {ReactNode} from 'react';
import {ApiError, type ApiErrorKind} from '../api/client.ts';
import type {PlainMessageKey} from '../i18n/messages.en.ts';
import {useMessages, type Translate} from '../i18n/use-messages.ts';
import {Notice} from './notice.tsx';

const titles: Partial<Record<ApiErrorKind, PlainMessageKey>> = {
  bad_data: 'query.errorParse',
  execution: 'query.errorExecution',
  timeout: 'query.errorTimeout',
  canceled: 'query.errorCanceled',
  internal: 'query.errorServer',
  unavailable: 'query.errorServer',
};

interface ErrorAlertProps {
  error: Error;
  /** Whether it is a query's error; then the title says what was wrong with the query. */
  query?: boolean;
  onRetry: () => void;
}

export function ErrorAlert({error, query = false, onRetry}: ErrorAlertProps): ReactNode {
  const {t} = useMessages();
  const title = query && error instanceof ApiError ? (titles[error.kind] ?? 'error.title') : 'error.title';
  const hopeless = error instanceof ApiError && error.kind === 'bad_data';
  const retry = (
    <Button size="compact-sm" variant="default" onClick={onRetry}>
      {t('common.retry')}
    </Button>
  );
  return (
    <Notice kind="error" title={t(title)} actions={hopeless ? undefined : retry}>
      <div className="nx-server-text">{describeError(error, t)}</div>
    </Notice>
  );
}

/** The server's words, or ours where it had none. */
export function describeError(error: Error, t: Translate): string {
  if (!(error instanceof ApiError)) return error.message;
  if (error.kind === 'network') return t('error.network');
  if (error.kind !== 'answer') return error.message;
  return error.status >= 400
    ? t('error.status', {status: String(error.status), text: error.message})
    : t('error.answer', {detail: error.message});
}
