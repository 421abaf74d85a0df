import './shell/mantine-styles.ts';
import './shell/app.css';
import {StrictMode} from 'react';
import {createRoot} from 'react-dom/client';
import {App} from './shell/app.tsx';

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
