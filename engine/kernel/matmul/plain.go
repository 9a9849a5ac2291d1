package matmul

import "github.com/gakuri-lab/gakuri/engine/array"

// mulPlain is the meaning of [Mul]. Blocks of three rows and two columns keep
// six sums, six products and three elements in the fifteen registers of
// amd64: the compiler forms all products of a round before it adds the first,
// so that the eight of a larger block would spill.
func mulPlain[T array.Float](c []T, ldc int, a []T, ars, acs int, b []T, ldb int, m, n, k int, acc bool) {
	if !acc {
		for i := range m {
			clear(c[i*ldc : i*ldc+n])
		}
	}
	i := 0
	for ; i+3 <= m && acs+ldb > 0; i += 3 {
		mulThreeRows(c[i*ldc:], ldc, a[i*ars:], ars, acs, b, ldb, n, k)
	}
	for ; i < m; i++ {
		mulRow(c[i*ldc:i*ldc+n], a[i*ars:], acs, b, ldb, k)
	}
}

// mulThreeRows adds three rows of A times B to three rows of C. The slices of
// equal length let the compiler check one index for all of them, and end the
// sum; acs and ldb must not both be 0.
func mulThreeRows[T array.Float](c []T, ldc int, a []T, ars, acs int, b []T, ldb int, n, k int) {
	r0, r1, r2 := c[:n], c[ldc:ldc+n], c[2*ldc:2*ldc+n]
	la, lb := (k-1)*acs+1, (k-1)*ldb+1
	a0, a1, a2 := a[:la], a[ars:][:la], a[2*ars:][:la]
	j := 0
	for ; j+2 <= n; j += 2 {
		b0, b1 := b[j:][:lb], b[j+1:][:lb]
		var s00, s01, s10, s11, s20, s21 T
		for p, q := uint(0), uint(0); p < uint(len(a0)) && q < uint(len(b0)); p, q = p+uint(acs), q+uint(ldb) {
			x, y := b0[q], b1[q]
			u := a0[p]
			s00 += u * x
			s01 += u * y
			u = a1[p]
			s10 += u * x
			s11 += u * y
			u = a2[p]
			s20 += u * x
			s21 += u * y
		}
		r0[j], r0[j+1] = r0[j]+s00, r0[j+1]+s01
		r1[j], r1[j+1] = r1[j]+s10, r1[j+1]+s11
		r2[j], r2[j+1] = r2[j]+s20, r2[j+1]+s21
	}
	if j < n {
		var s0, s1, s2 T
		p, q := 0, j
		for range k {
			x := b[q]
			s0 += a0[p] * x
			s1 += a1[p] * x
			s2 += a2[p] * x
			p += acs
			q += ldb
		}
		r0[j] += s0
		r1[j] += s1
		r2[j] += s2
	}
}

// mulRow adds one row of A times B to one row of C.
func mulRow[T array.Float](c, a []T, acs int, b []T, ldb int, k int) {
	j := 0
	for ; j+4 <= len(c); j += 4 {
		var s0, s1, s2, s3 T
		p, q := 0, j
		for range k {
			x, row := a[p], b[q:][:4]
			s0 += x * row[0]
			s1 += x * row[1]
			s2 += x * row[2]
			s3 += x * row[3]
			p += acs
			q += ldb
		}
		c[j] += s0
		c[j+1] += s1
		c[j+2] += s2
		c[j+3] += s3
	}
	for ; j < len(c); j++ {
		var s T
		p, q := 0, j
		for range k {
			s += a[p] * b[q]
			p += acs
			q += ldb
		}
		c[j] += s
	}
}
