// The Alertmanagers that alerts are sent to, as discovery found them.
import '../status/status.css';
import './discovery-page.css';
import {useState, type ReactNode} from 'react';
import {useAlertmanagers} from '../api/queries.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {EmptyState} from '../widgets/empty-state.tsx';
import {ErrorAlert} from '../widgets/error-alert.tsx';
import {RefreshState} from '../widgets/refresh-state.tsx';

const refreshMs = 10_000;

export function AlertmanagersPage(): ReactNode {
  const {t} = useMessages();
  const [paused, setPaused] = useState(false);
  const {data, error, refetch, isPending} = useAlertmanagers(paused ? false : refreshMs);
  return (
    <>
      <div className="nx-page-head">
        <h1>{t('alertmanagers.title')}</h1>
        <div className="nx-spacer" />
        <RefreshState intervalMs={refreshMs} paused={paused} onChange={setPaused} />
      </div>
      {error === null ? null : <ErrorAlert error={error} onRetry={() => void refetch()} />}
      {isPending ? <EmptyState title={t('common.loading')} /> : null}
      {data === undefined ? null : (
        <div className="nx-status-cards">
          <AlertmanagerCard
            title={t('alertmanagers.active')}
            empty={t('alertmanagers.none')}
            list={data.activeAlertmanagers}
          />
          <AlertmanagerCard
            title={t('alertmanagers.dropped')}
            empty={t('alertmanagers.noneDropped')}
            list={data.droppedAlertmanagers}
          />
        </div>
      )}
    </>
  );
}

interface AlertmanagerCardProps {
  title: string;
  empty: string;
  list: readonly {url: string}[];
}

function AlertmanagerCard({title, empty, list}: AlertmanagerCardProps): ReactNode {
  return (
    <section className="nx-card nx-status-card" aria-label={title}>
      <h2>
        {title} <span className="nx-muted nx-number">{list.length}</span>
      </h2>
      {list.length === 0 ? <p className="nx-steps-none">{empty}</p> : null}
      <table className="nx-alertmanagers">
        <tbody>
          {list.map(({url}) => (
            <tr key={url}>
              <td className="nx-mono">
                <a className="nx-link" href={new URL('/', url).href} target="_blank" rel="noreferrer">
                  {url}
                </a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
