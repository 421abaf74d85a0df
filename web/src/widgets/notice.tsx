// A box that tells of an error, a warning, or something to know.
import './notice.css';
import {IconAlertTriangle, IconExclamationCircle, IconInfoCircle} from '@tabler/icons-react';
import type {ReactNode} from 'react';

export type NoticeKind = 'error' | 'warning' | 'info';

const icons = {error: IconExclamationCircle, warning: IconAlertTriangle, info: IconInfoCircle};

interface NoticeProps {
  kind: NoticeKind;
  title?: string;
  actions?: ReactNode;
  children?: ReactNode;
}

export function Notice({kind, title, actions, children}: NoticeProps): ReactNode {
  const KindIcon = icons[kind];
  return (
    <div className="nx-notice" data-kind={kind} role={kind === 'error' ? 'alert' : 'note'}>
      <KindIcon size={18} aria-hidden />
      <div className="nx-notice-body">
        {title === undefined ? null : <div className="nx-notice-title">{title}</div>}
        {children}
        {actions === undefined ? null : <div className="nx-notice-actions">{actions}</div>}
      </div>
    </div>
  );
}
