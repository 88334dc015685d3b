CREATE DATABASE shop;

USE shop;

CREATE TABLE customers (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  email VARCHAR(120) CHARACTER SET ascii NOT NULL,
  name VARCHAR(80) NOT NULL,
  country CHAR(2) CHARACTER SET latin1 NOT NULL,
  born DATE,
  language ENUM('en', 'de', 'zh', 'ar', 'el', 'ru', 'ko', 'hi') NOT NULL,
  interests SET('garden', 'kitchen', 'books', 'music', 'sport') NOT NULL,
  preferences JSON,
  credit DECIMAL(12, 4) NOT NULL DEFAULT 0,
  created_at DATETIME(6) NOT NULL,
  updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  KEY by_name (name(20))
);

CREATE TABLE products (
  sku VARCHAR(24) NOT NULL PRIMARY KEY,
  name VARCHAR(120) NOT NULL,
  description TEXT,
  price DECIMAL(12, 2) NOT NULL,
  weight DOUBLE,
  width FLOAT,
  attributes JSON NOT NULL,
  stock INT NOT NULL,
  active BIT(1) NOT NULL DEFAULT b'1',
  since YEAR NOT NULL,
  gross DECIMAL(14, 4) AS (price * 1.19) STORED
);

CREATE TABLE orders (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer_id BIGINT UNSIGNED NOT NULL,
  status ENUM('new', 'paid', 'shipped', 'returned') NOT NULL DEFAULT 'new',
  total DECIMAL(14, 2) NOT NULL,
  placed_at DATETIME(6) NOT NULL,
  shipped_at TIMESTAMP(3) NULL,
  note VARCHAR(200),
  KEY by_customer (customer_id)
);

CREATE TABLE order_lines (
  order_id BIGINT NOT NULL,
  line SMALLINT UNSIGNED NOT NULL,
  sku VARCHAR(24) NOT NULL,
  quantity MEDIUMINT UNSIGNED NOT NULL,
  price DECIMAL(12, 2) NOT NULL,
  discount DECIMAL(7, 6),
  PRIMARY KEY (order_id, line)
);

CREATE TABLE reviews (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  sku VARCHAR(24) NOT NULL,
  customer_id BIGINT UNSIGNED NOT NULL,
  stars TINYINT NOT NULL,
  title VARCHAR(100),
  body TEXT,
  written_at TIMESTAMP(6) NOT NULL,
  KEY by_product (sku)
);

CREATE TABLE coupons (
  id INT NOT NULL PRIMARY KEY,
  code VARCHAR(30) NOT NULL,
  serial BIGINT UNSIGNED NOT NULL,
  value DECIMAL(10, 2) NOT NULL,
  valid TIME(3),
  UNIQUE KEY by_code (code),
  UNIQUE KEY by_serial (serial)
);

CREATE TABLE pictures (
  id INT NOT NULL PRIMARY KEY,
  sku VARCHAR(24) NOT NULL,
  kind ENUM('photo', 'drawing') NOT NULL,
  digest BINARY(20) NOT NULL,
  data MEDIUMBLOB NOT NULL,
  taken_at POINT
);

CREATE TABLE page_views (
  viewed_at DATETIME(6) NOT NULL,
  path VARCHAR(200) NOT NULL,
  customer_id BIGINT UNSIGNED,
  took DOUBLE
);

INSERT INTO customers (email, name, country, born, language, interests, preferences, credit, created_at)
WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 25000)
SELECT CONCAT('customer', n, '@shop.example'),
  CONCAT(
    ELT(1 + MOD(CRC32(CONCAT('first', n)), 10), 'Anna', 'Björn', 'Chloé', 'Дмитрий', '美玲', 'Ελένη', 'فاطمة', '지우', 'Ravi', 'José'), ' ',
    ELT(1 + MOD(CRC32(CONCAT('last', n)), 10), 'Smith', 'Müller', 'Lefèvre', 'Иванова', '王', 'Παπαδοπούλου', 'حسن', '김', 'शर्मा', 'O''Neill')),
  ELT(1 + MOD(n, 8), 'GB', 'DE', 'CN', 'EG', 'GR', 'UA', 'KR', 'IN'),
  IF(MOD(n, 11), DATE_ADD('1940-01-01', INTERVAL MOD(n * 37, 25000) DAY), NULL),
  1 + MOD(n, 8),
  MOD(n, 32),
  IF(MOD(n, 7), JSON_OBJECT('newsletter', MOD(n, 2) = 0, 'sizes', JSON_ARRAY(36 + MOD(n, 9), 'M'), 'greeting', ELT(1 + MOD(n, 3), 'hello', 'hallo ß', '您好')), NULL),
  MOD(n * 7919, 1000000) / 10000,
  TIMESTAMPADD(MICROSECOND, n * 977777, TIMESTAMPADD(DAY, MOD(n, 3000), '2016-01-01'))
FROM numbers;

INSERT INTO products (sku, name, description, price, weight, width, attributes, stock, active, since)
WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 5000)
SELECT CONCAT('SKU-', LPAD(n, 6, '0')),
  CONCAT(ELT(1 + MOD(n, 6), 'Kettle', 'Gießkanne', '茶壶', 'Théière', 'Чайник', 'चायदानी'), ' № ', n),
  REPEAT(CONCAT('It holds ', MOD(n, 9) + 1, ' litres. '), MOD(n, 8)),
  MOD(n * 131, 99999) / 100,
  MOD(n, 977) / 7,
  MOD(n, 331) / 3,
  JSON_OBJECT('colour', ELT(1 + MOD(n, 4), 'red', 'grün', '蓝', NULL), 'box', JSON_ARRAY(MOD(n, 50), MOD(n, 60), MOD(n, 70)), 'dishwasher', MOD(n, 3) = 0),
  MOD(n * 13, 500),
  MOD(n, 10) > 0,
  1990 + MOD(n, 36)
FROM numbers;

INSERT INTO orders (id, customer_id, status, total, placed_at, shipped_at, note)
WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 60000)
SELECT n, 1 + MOD(n * 7919, 25000), 1 + MOD(n, 4), MOD(n * 271, 500000) / 100,
  TIMESTAMPADD(MICROSECOND, n * 4777777, '2024-01-01'),
  IF(MOD(n, 4), TIMESTAMPADD(MICROSECOND, n * 4777000 + 86400000000, '2024-01-01'), NULL),
  IF(MOD(n, 5), NULL, ELT(1 + MOD(n, 4), 'leave it with the neighbour', 'Bitte klingeln – 2. Stock', '请放在门口 🏠', 'παρακαλώ τηλεφωνήστε'))
FROM numbers;

INSERT INTO order_lines (order_id, line, sku, quantity, price, discount)
WITH RECURSIVE numbers AS (SELECT 0 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 179999)
SELECT 1 + n DIV 3, 1 + MOD(n, 3), CONCAT('SKU-', LPAD(1 + MOD(n * 611953, 5000), 6, '0')), 1 + MOD(n, 5), MOD(n * 131, 99999) / 100,
  IF(MOD(n, 6), NULL, MOD(n, 1000000) / 1000000)
FROM numbers;

INSERT INTO reviews (id, sku, customer_id, stars, title, body, written_at)
WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 40000)
SELECT n, CONCAT('SKU-', LPAD(1 + MOD(n * 17, 5000), 6, '0')), 1 + MOD(n * 29, 25000), 1 + MOD(n, 5),
  ELT(1 + MOD(n, 5), 'Great!', 'Sehr gut', '非常好', 'Отлично', NULL),
  CONCAT(ELT(1 + MOD(n, 10),
    'Works as described, and looks nice on the table.', 'Hält, was es verspricht – würde ich wieder kaufen.',
    '质量很好，送货也很快。', 'Качество хорошее, но доставка шла две недели.', 'جودة ممتازة وسعر مناسب.',
    'Πολύ καλό προϊόν, το συνιστώ.', '배송이 빠르고 품질이 좋아요 👍', 'बहुत बढ़िया, पैसे वसूल!',
    'Arrivé cassé, mais vite remplacé. Merci !', 'うちの猫も気に入っています 🐈'), ' (', n, ')'),
  TIMESTAMPADD(MICROSECOND, n * 3999999, '2024-03-01')
FROM numbers;

INSERT INTO coupons (id, code, serial, value, valid)
WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)
SELECT n, CONCAT('GIFT-', UPPER(CONV(n * 7919, 10, 36)), '-', n), 18446744073709551615 - n, MOD(n, 50) + 0.99, SEC_TO_TIME(MOD(n, 90000) + 0.125)
FROM numbers;

INSERT INTO pictures (id, sku, kind, digest, data, taken_at)
WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 2000)
SELECT n, CONCAT('SKU-', LPAD(n, 6, '0')), 1 + MOD(n, 2), UNHEX(LEFT(SHA2(n, 256), 40)), REPEAT(UNHEX(SHA2(n, 512)), 1 + MOD(n, 100)),
  IF(MOD(n, 3), ST_GeomFromText(CONCAT('POINT(', MOD(n, 180), ' ', MOD(n, 90), ')')), NULL)
FROM numbers;

INSERT INTO page_views (viewed_at, path, customer_id, took)
WITH RECURSIVE numbers AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
SELECT TIMESTAMPADD(MICROSECOND, n * 1777777, '2026-01-01'), CONCAT('/product/SKU-', LPAD(1 + MOD(n, 5000), 6, '0')),
  IF(MOD(n, 3), 1 + MOD(n, 25000), NULL), MOD(n, 977) / 1000
FROM numbers;
