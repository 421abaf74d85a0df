import './header.css';
import {Burger, Drawer, Menu, UnstyledButton} from '@mantine/core';
import {useDisclosure} from '@mantine/hooks';
import {IconChevronDown} from '@tabler/icons-react';
import {useEffect, type ReactNode} from 'react';
import {Link, useLocation} from 'wouter';
import type {Page} from '../base/base-path.ts';
import type {PlainMessageKey} from '../i18n/messages.en.ts';
import {useMessages} from '../i18n/use-messages.ts';
import {pageToolsId} from '../widgets/page-tools.tsx';
import logo from './logo.svg';
import {ReadinessBadge} from './readiness.tsx';
import {LanguageChoice, LanguageMenu, ThemeChoice, ThemeMenu, ZoneChoice} from './settings.tsx';

interface NavItem {
  page: Page;
  title: PlainMessageKey;
}

const mainItems: readonly NavItem[] = [
  {page: 'query', title: 'nav.query'},
  {page: 'alerts', title: 'nav.alerts'},
  {page: 'rules', title: 'nav.rules'},
  {page: 'silences', title: 'nav.silences'},
  {page: 'targets', title: 'nav.targets'},
];

const statusItems: readonly NavItem[] = [
  {page: 'routing', title: 'nav.routing'},
  {page: 'notifications', title: 'nav.notifications'},
  {page: 'backtest', title: 'nav.backtest'},
  {page: 'service-discovery', title: 'nav.discovery'},
  {page: 'alertmanager-discovery', title: 'nav.alertmanagers'},
  {page: 'status', title: 'nav.runtime'},
  {page: 'tsdb-status', title: 'nav.tsdb'},
  {page: 'flags', title: 'nav.flags'},
  {page: 'config', title: 'nav.config'},
];

export function Header(): ReactNode {
  const {t} = useMessages();
  const [location] = useLocation();
  const item = [...mainItems, ...statusItems].find(({page}) => isAt(location, page));
  const title = item === undefined ? 'Narthex' : `${t(item.title)} · Narthex`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  return (
    <header className="nx-header">
      <div className="nx-header-inner">
        <Link className="nx-brand" href="/query" aria-label={t('nav.home')}>
          <img src={logo} alt="" width={28} height={28} />
          Narthex
        </Link>
        <div className="nx-wide-only">
          <nav className="nx-nav" aria-label={t('nav.main')}>
            {mainItems.map((mainItem) => (
              <NavLink key={mainItem.page} item={mainItem} location={location} />
            ))}
            <StatusMenu location={location} />
          </nav>
        </div>
        <div className="nx-spacer" />
        <div className="nx-wide-only">
          <div id={pageToolsId} />
          <ZoneChoice />
        </div>
        <ReadinessBadge />
        <div className="nx-wide-only">
          <div className="nx-header-tools">
            <LanguageMenu />
            <ThemeMenu />
          </div>
        </div>
        <NarrowMenu location={location} />
      </div>
    </header>
  );
}

/** The form of a silence belongs to the page of silences. */
function isAt(location: string, page: Page): boolean {
  return location === `/${page}` || (page === 'silences' && location === '/silence');
}

function NavLink({item, location}: {item: NavItem; location: string}): ReactNode {
  const {t} = useMessages();
  const current = isAt(location, item.page);
  return (
    <Link className="nx-nav-link" href={`/${item.page}`} aria-current={current ? 'page' : undefined}>
      {t(item.title)}
    </Link>
  );
}

function StatusMenu({location}: {location: string}): ReactNode {
  const {t} = useMessages();
  const current = statusItems.some(({page}) => location === `/${page}`);
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <UnstyledButton className="nx-nav-link" aria-current={current ? 'true' : undefined}>
          {t('nav.status')}
          <IconChevronDown size={14} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {statusItems.map(({page, title}) => (
          <Menu.Item
            key={page}
            component={Link}
            href={`/${page}`}
            aria-current={location === `/${page}` ? 'page' : undefined}
          >
            {t(title)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Everything that the narrow header has no room for. */
function NarrowMenu({location}: {location: string}): ReactNode {
  const {t} = useMessages();
  const [opened, {toggle, close}] = useDisclosure(false);
  useEffect(close, [location, close]);
  return (
    <div className="nx-narrow-only">
      <Burger opened={opened} onClick={toggle} size="sm" aria-label={t('nav.menu')} />
      <Drawer
        opened={opened}
        onClose={close}
        position="right"
        size={300}
        title={t('nav.menu')}
        closeButtonProps={{'aria-label': t('common.close')}}
      >
        <nav className="nx-drawer-nav" aria-label={t('nav.main')}>
          {mainItems.map((item) => (
            <NavLink key={item.page} item={item} location={location} />
          ))}
          <div className="nx-drawer-group">{t('nav.status')}</div>
          {statusItems.map((item) => (
            <NavLink key={item.page} item={item} location={location} />
          ))}
        </nav>
        <div className="nx-drawer-group">{t('language.title')}</div>
        <LanguageChoice />
        <div className="nx-drawer-group">{t('theme.title')}</div>
        <ThemeChoice />
        <div className="nx-drawer-group">{t('query.timeZone')}</div>
        <ZoneChoice fullWidth />
      </Drawer>
    </div>
  );
}
