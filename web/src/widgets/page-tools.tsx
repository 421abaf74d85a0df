// A page's own controls, shown in the header where that is wide enough.
import {useEffect, useState, type ReactNode} from 'react';
import {createPortal} from 'react-dom';

export const pageToolsId = 'nx-page-tools';

export function PageTools({children}: {children: ReactNode}): ReactNode {
  const [place, setPlace] = useState<HTMLElement | null>(null);
  useEffect(() => setPlace(document.getElementById(pageToolsId)), []);
  return place === null ? null : createPortal(children, place);
}
