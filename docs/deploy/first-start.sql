-- Run once by the image of Postgres, when its volume is empty: the roles, and a database that the owner migrates.
\set owner_password `cat /run/secrets/owner_password`
\set server_password `cat /run/secrets/server_password`
CREATE ROLE chargebook_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE chargebook_server LOGIN PASSWORD :'server_password';
CREATE ROLE chargebook_reader;
CREATE ROLE shop_checkout;
CREATE DATABASE chargebook OWNER chargebook_owner;
