// The configuration in force.
import './status.css';
import {Button} from '@mantine/core';
import {IconDownload} from '@tabler/icons-react';
import {memo, useMemo, type ReactNode} from 'react';
import {useConfig} from '../api/queries.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {CopyIcon} from '../widgets/copy-button.tsx';
import {EmptyState} from '../widgets/empty-state.tsx';
import {ErrorAlert} from '../widgets/error-alert.tsx';
import {tokenizeYaml, type Token} from './yaml-tokens.ts';

export function ConfigPage(): ReactNode {
  const {t} = useMessages();
  const {data, error, refetch} = useConfig();
  const lines = useMemo(() => (data === undefined ? [] : tokenizeYaml(data.trimEnd())), [data]);
  return (
    <>
      <div className="nx-page-head">
        <h1>{t('config.title')}</h1>
        <span className="nx-muted">{t('config.help')}</span>
        <div className="nx-spacer" />
        {data === undefined ? null : (
          <>
            <span className="nx-muted">{t('config.lines', {count: lines.length})}</span>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconDownload size={15} />}
              component="a"
              href={`data:application/yaml;charset=utf-8,${encodeURIComponent(data)}`}
              download="prometheus.yml"
            >
              {t('config.download')}
            </Button>
            <CopyIcon value={data} label={t('common.copy')} />
          </>
        )}
      </div>
      {error === null ? null : <ErrorAlert error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null ? <EmptyState title={t('common.loading')} /> : null}
      {data === undefined ? null : <Yaml lines={lines} />}
    </>
  );
}

const Yaml = memo(function Yaml({lines}: {lines: readonly Token[][]}): ReactNode {
  return (
    <pre className="nx-card nx-yaml" tabIndex={0}>
      {lines.map((tokens, index) => (
        <span key={index} className="nx-yaml-line">
          {tokens.map(({kind, text}, position) =>
            kind === 'plain' ? (
              text
            ) : (
              <span key={position} className={`nx-yaml-${kind}`}>
                {text}
              </span>
            ),
          )}
          {'\n'}
        </span>
      ))}
    </pre>
  );
});
